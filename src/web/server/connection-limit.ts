import type { Server } from 'node:net';
import { socketAddress } from '../middleware/client-address.ts';

/** Closes new connections of a client address that has `max` open. */
export function limitConnectionsPerAddress(server: Server, max: number): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socketAddress(socket);
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
