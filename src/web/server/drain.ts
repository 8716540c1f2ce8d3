import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.ts';

/** The graceful shutdown of a server. */
export interface Drain {
  /** Returns whether the shutdown has started. */
  isDraining(): boolean;
  /**
   * Stops the server, and resolves when all connections are closed. For `delayMs` the server still accepts
   * connections, so that load balancers notice that it is not ready. Each response that has not begun gets
   * `Connection: close`. A connection whose last response has announced `keep-alive` serves another request. After
   * `delayMs` the server accepts no new connection, closes idle connections and finishes open requests.
   * `maxMs` after the call, it closes all connections that are still open.
   */
  start(options: { delayMs: number; maxMs: number }): Promise<void>;
}

/**
 * Creates the shutdown of a server.
 * @param connections the open connections of the server, now and later
 */
export function createDrain(server: Server, connections: ReadonlyMap<unknown, Connection>): Drain {
  let isDraining = false;
  server.on('connection', (socket) => {
    if (isDraining) connections.get(socket)?.announceEnd();
  });

  return {
    isDraining: () => isDraining,
    async start({ delayMs, maxMs }) {
      isDraining = true;
      const timer = setTimeout(() => server.closeAllConnections(), maxMs);
      for (const connection of connections.values()) connection.announceEnd();
      await sleep(delayMs);
      const closed = new Promise((resolve) => server.close(resolve));
      // Node's closeIdleConnections() does not close a connection that never had a request, and browsers open some in
      // advance.
      for (const connection of connections.values()) connection.end();
      await closed;
      clearTimeout(timer);
    },
  };
}
