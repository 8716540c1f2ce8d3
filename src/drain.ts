import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Watches a server's connections from now on, to be able to end them.
 * @returns a function that stops the server: idle connections are closed at once, the others when their
 *   request has been answered, and whatever is left after `maxMs`; resolves when all are gone
 */
export function prepareDrain(server: Server): (maxMs: number) => Promise<void> {
  // Node's own closeIdleConnections() leaves out those that never sent a request, as browsers open them.
  const idle = new Set<Socket>();
  let isDraining = false;

  server.on('connection', (socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (isDraining) socket.destroySoon();
      else if (!socket.destroyed) idle.add(socket);
    });
  });

  return async (maxMs) => {
    isDraining = true;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of idle) socket.destroy();
    const timer = setTimeout(() => server.closeAllConnections(), maxMs);
    await closed;
    clearTimeout(timer);
  };
}
