import type { Response } from 'express';

// Several hundred slow readers behind one address, each with a page of which their connection's buffers hold nothing.
const MAX_BYTES_PER_ADDRESS = 16 * 1024 * 1024;

/**
 * Bounds the answers that wait in this process because the clients of one address do not read them. Beyond 16 MB, the
 * connections that have waited longest are closed.
 * @returns a function to call when an answer has been handed to its socket
 */
export function createUnreadAnswers(): (res: Response, address: string) => void {
  const holders = new Map<string, Holder>();

  return (res, address) => {
    const bytes = res.socket?.writableLength ?? 0;
    if (bytes === 0) return;
    const holder = holders.get(address) ?? { bytes: 0, answers: new Map<Response, number>() };
    holders.set(address, holder);
    holder.bytes += bytes;
    holder.answers.set(res, bytes);
    res.once('close', () => {
      remove(holder, res);
      if (holder.answers.size === 0) holders.delete(address);
    });
    for (const oldest of holder.answers.keys()) {
      if (holder.bytes <= MAX_BYTES_PER_ADDRESS) break;
      remove(holder, oldest);
      oldest.socket?.destroy();
    }
  };
}

/** The unread answers of an address, oldest first, with their bytes. */
interface Holder {
  bytes: number;
  answers: Map<Response, number>;
}

function remove(holder: Holder, res: Response): void {
  holder.bytes -= holder.answers.get(res) ?? 0;
  holder.answers.delete(res);
}
