import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { useCleanup } from './cleanup.ts';

/** The settings of a client of a server. */
interface ClientConfig {
  host: string;
  port: number;
}

/** A TCP proxy in front of a server, which injects the faults of networks. */
export interface TcpProxy<Config extends ClientConfig = DatabaseConfig> {
  /** The settings of a client that connects through the proxy. */
  config: Config;
  /** Returns the number of open connections. */
  connections: () => number;
  /** Stops forwarding data. The connections stay open. */
  freeze: () => void;
  /** Forwards data again, also the data that arrived since `freeze`. */
  resume: () => void;
  /** Destroys all open connections. Later connections are accepted. */
  disconnectAll: () => void;
  /** Destroys all open connections after a client has sent its next request to the server. Resolves then. */
  disconnectAfterNextRequest: () => Promise<void>;
  /** Forwards later connections to another server, as a host name does after a failover. */
  redirectTo: (config: Config) => void;
}

/** Options for startTcpProxy. */
export interface TcpProxyOptions {
  /** The delay of each response. */
  responseDelayMs?: number;
  /** Replaces a text in requests by another text of the same length. */
  rewrite?: [from: string | RegExp, to: string];
}

/** Starts a proxy for the tests of this file. Call it where tests are declared. */
export async function startTcpProxy<Config extends ClientConfig = DatabaseConfig>(
  config: Config,
  { responseDelayMs = 0, rewrite: [from, to] = ['', ''] }: TcpProxyOptions = {},
): Promise<TcpProxy<Config>> {
  const defer = useCleanup();
  const pairs = new Set<[Socket, Socket]>();
  let isFrozen = false;
  let target = config;
  let afterNext: (() => void) | null = null;
  const proxy = createServer((client) => {
    const server = connect(target.port, target.host);
    const pair: [Socket, Socket] = [client, server];
    pairs.add(pair);
    client.on('data', (data) => {
      const act = afterNext;
      afterNext = null;
      const sent = from === '' ? data : data.toString('latin1').replaceAll(from, to);
      server.write(sent, 'latin1', () => act?.());
    });
    server.on('data', (data) => {
      if (responseDelayMs === 0) client.write(data);
      else setTimeout(() => client.write(data), responseDelayMs);
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
  const forEachSocket = (act: (socket: Socket) => void) => {
    for (const pair of pairs) for (const socket of pair) act(socket);
  };
  const disconnectAll = () => forEachSocket((socket) => socket.destroy());
  defer(() => {
    proxy.close();
    disconnectAll();
  });
  await once(proxy, 'listening');
  return {
    config: { ...config, port: (proxy.address() as AddressInfo).port },
    connections: () => pairs.size,
    freeze() {
      isFrozen = true;
      forEachSocket((socket) => socket.pause());
    },
    resume() {
      isFrozen = false;
      forEachSocket((socket) => socket.resume());
    },
    disconnectAll,
    disconnectAfterNextRequest: () =>
      new Promise((resolve) => {
        afterNext = () => {
          disconnectAll();
          resolve();
        };
      }),
    redirectTo: (other) => (target = other),
  };
}
