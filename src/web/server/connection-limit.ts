import type { Server } from 'node:net';
import { socketKey } from '../middleware/client-key.ts';

/** Closes a new connection if its client address has `max` open connections. */
export function limitConnectionsPerAddress(server: Server, max: number): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socketKey(socket);
    const others = counts.get(address) ?? 0;
    if (others >= max) {
      socket.destroy();
      return;
    }
    counts.set(address, others + 1);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}
