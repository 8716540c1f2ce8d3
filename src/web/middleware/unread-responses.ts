import type { ServerResponse } from 'node:http';

// Enough for several hundred slow readers behind one address, each with a whole page in the memory of this process.
const MAX_BYTES_PER_ADDRESS = 16 * 1024 * 1024;

/**
 * Bounds the responses in memory that the clients of one address have not read yet. Beyond 16 MB, the connections with
 * the oldest responses are closed.
 * @returns a function to call after a response has been written to its socket
 */
export function createUnreadResponseLimit(): (res: ServerResponse, address: string) => void {
  const backlogs = new Map<string, Backlog>();

  return (res, address) => {
    const bytes = res.socket?.writableLength ?? 0;
    if (bytes === 0) return;
    const backlog = backlogs.get(address) ?? {
      bytes: 0,
      responses: new Map<ServerResponse, number>(),
    };
    backlogs.set(address, backlog);
    backlog.bytes += bytes;
    backlog.responses.set(res, bytes);
    res.once('close', () => {
      remove(backlog, res);
      if (backlog.responses.size === 0) backlogs.delete(address);
    });
    for (const oldest of backlog.responses.keys()) {
      if (backlog.bytes <= MAX_BYTES_PER_ADDRESS) break;
      remove(backlog, oldest);
      oldest.socket?.destroy();
    }
  };
}

/** The unread responses of an address with their sizes in bytes, the oldest first. */
interface Backlog {
  bytes: number;
  responses: Map<ServerResponse, number>;
}

function remove(holder: Backlog, res: ServerResponse): void {
  holder.bytes -= holder.responses.get(res) ?? 0;
  holder.responses.delete(res);
}
