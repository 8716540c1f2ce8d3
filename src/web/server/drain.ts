import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** Tracks the connections of a server from now on. To be called before the server listens. */
export function prepareDrain(server: Server): Drain {
  // Browsers open connections in advance. Node's closeIdleConnections() does not close a connection that never had a
  // request.
  const idle = new Set<Socket>();
  // A connection can have several open responses, because clients may pipeline requests.
  const openResponses = new Map<Socket, Set<ServerResponse>>();
  let isDraining = false;
  let isClosing = false;

  server.on('connection', (socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
  });
  // This listener must run before Express's, which may respond immediately.
  server.prependListener('request', ({ socket }, response: ServerResponse) => {
    idle.delete(socket);
    const responses = openResponses.get(socket) ?? new Set();
    openResponses.set(socket, responses.add(response));
    if (isDraining) response.setHeader('Connection', 'close');
    response.once('close', () => {
      responses.delete(response);
      if (responses.size > 0) return;
      openResponses.delete(socket);
      if (isClosing) socket.destroySoon();
      else if (!socket.destroyed) idle.add(socket);
    });
  });

  return {
    isDraining: () => isDraining,
    async start({ delayMs, maxMs }) {
      isDraining = true;
      const timer = setTimeout(() => server.closeAllConnections(), maxMs);
      for (const response of Array.from(openResponses.values()).flatMap((each) =>
        Array.from(each),
      )) {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      }
      await sleep(delayMs);
      isClosing = true;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of idle) socket.destroy();
      await closed;
      clearTimeout(timer);
    },
  };
}
