import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server's way to stop without failing anybody. */
export interface Drain {
  isDraining(): boolean;
  /**
   * Stops the server; resolves when its connections are gone. First it goes on for `delayMs`, so that
   * load balancers notice that it is not ready any more, but tells keep-alive connections to close.
   * Then it accepts no more connections, closes idle ones, lets open requests finish, and closes
   * whatever is left when `maxMs` have passed from the call.
   */
  start(options: { delayMs: number; maxMs: number }): Promise<void>;
}

/** Watches a server's connections from now on, to be able to end them. */
export function prepareDrain(server: Server): Drain {
  // Node's own closeIdleConnections() leaves out those that never sent a request, as browsers open them.
  const idle = new Set<Socket>();
  // of each connection that is at work, since a client may send a request before it has its answer
  const open = new Map<Socket, Set<ServerResponse>>();
  let isDraining = false;

  server.on('connection', (socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
  });
  // before the application, which may answer at once
  server.prependListener('request', ({ socket }, response: ServerResponse) => {
    idle.delete(socket);
    const responses = open.get(socket) ?? new Set();
    open.set(socket, responses.add(response));
    if (isDraining) response.setHeader('Connection', 'close');
    response.once('close', () => {
      responses.delete(response);
      if (responses.size > 0) return;
      open.delete(socket);
      if (isDraining) socket.destroySoon();
      else if (!socket.destroyed) idle.add(socket);
    });
  });

  return {
    isDraining: () => isDraining,
    async start({ delayMs, maxMs }) {
      isDraining = true;
      const timer = setTimeout(() => server.closeAllConnections(), maxMs);
      for (const response of Array.from(open.values()).flatMap((each) => Array.from(each))) {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      }
      await sleep(delayMs);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of idle) socket.destroy();
      await closed;
      clearTimeout(timer);
    },
  };
}
