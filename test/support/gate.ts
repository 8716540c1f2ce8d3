import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { DatabaseConfig } from '../../src/config.ts';
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
  /** Ends every connection once, as soon as a client has sent this text to the server. Resolves then. */
  cutAfter: (text: string) => Promise<void>;
}

/**
 * Puts a gate before a server, for this file's tests. Call it where tests are declared.
 * @param options.answersTakeMs how long the server's answers are on their way
 */
export async function openGate(config: DatabaseConfig, { answersTakeMs = 0 } = {}): Promise<Gate> {
  const atEnd = atEndOfFile();
  const pairs = new Set<[Socket, Socket]>();
  let isFrozen = false;
  let last: { text: string; resolve: () => void } | null = null;
  const gate = createServer((caller) => {
    const server = connect(config.port, config.host);
    const pair: [Socket, Socket] = [caller, server];
    pairs.add(pair);
    caller.on('data', (data) => {
      const seen = last && data.includes(last.text) ? last : null;
      if (seen) last = null;
      server.write(data, () => {
        if (!seen) return;
        cut();
        seen.resolve();
      });
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
    cutAfter: (text) => new Promise((resolve) => (last = { text, resolve })),
  };
}
