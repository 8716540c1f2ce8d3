import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { atEndOfFile } from './at-end.ts';

/** A way to a database server on which everything can be made to happen that happens to networks. */
export interface Gate {
  /** Leads through the gate. */
  config: DatabaseConfig;
  /** Connections that are open now. */
  connections: () => number;
  /** From now on nothing comes through, and no connection notices. */
  freeze: () => void;
  /** What was frozen goes on. */
  thaw: () => void;
  /** Ends every connection; new ones are let in. */
  cut: () => void;
  /** Ends every connection as soon as one of the clients has sent its next request to the server. Resolves then. */
  cutAfterNextRequest: () => Promise<void>;
  /** Leads new connections to another server, as the name of a database does after a failover. */
  leadTo: (config: DatabaseConfig) => void;
}

/** How a gate treats what passes through it. */
export interface GateOptions {
  /** How long the server's answers are on their way. */
  answersTakeMs?: number;
  /** Replaces this text in requests by another one of the same length. */
  rewrite?: [from: string | RegExp, to: string];
}

/** Puts a gate before a server, for this file's tests. Call it where tests are declared. */
export async function openGate(
  config: DatabaseConfig,
  { answersTakeMs = 0, rewrite: [from, to] = ['', ''] }: GateOptions = {},
): Promise<Gate> {
  const atEnd = atEndOfFile();
  const pairs = new Set<[Socket, Socket]>();
  let isFrozen = false;
  let target = config;
  let afterNext: (() => void) | null = null;
  const gate = createServer((caller) => {
    const server = connect(target.port, target.host);
    const pair: [Socket, Socket] = [caller, server];
    pairs.add(pair);
    caller.on('data', (data) => {
      const act = afterNext;
      afterNext = null;
      const sent = from === '' ? data : data.toString('latin1').replaceAll(from, to);
      server.write(sent, 'latin1', () => act?.());
    });
    server.on('data', (data) => {
      if (answersTakeMs === 0) caller.write(data);
      else setTimeout(() => caller.write(data), answersTakeMs);
    });
    for (const socket of pair) {
      if (isFrozen) socket.pause();
      socket.on('error', () => undefined);
      socket.once('close', () => {
        for (const each of pair) each.destroy();
        pairs.delete(pair);
      });
    }
  }).listen(0, '127.0.0.1');
  const each = (act: (socket: Socket) => void) => {
    for (const pair of pairs) for (const socket of pair) act(socket);
  };
  const cut = () => each((socket) => socket.destroy());
  atEnd(() => {
    gate.close();
    cut();
  });
  await once(gate, 'listening');
  return {
    config: { ...config, port: (gate.address() as AddressInfo).port },
    connections: () => pairs.size,
    freeze() {
      isFrozen = true;
      each((socket) => socket.pause());
    },
    thaw() {
      isFrozen = false;
      each((socket) => socket.resume());
    },
    cut,
    cutAfterNextRequest: () =>
      new Promise((resolve) => {
        afterNext = () => {
          cut();
          resolve();
        };
      }),
    leadTo: (other) => (target = other),
  };
}
