import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Piscina } from 'piscina';
import { createFairQueue } from '../fair-queue.ts';

/** bcrypt reads no more than this of a password; we refuse longer ones instead of cutting them. */
export const PASSWORD_MAX_BYTES = 72;

/**
 * Hashes and compares passwords with bcrypt, in worker threads, so that no page waits for a hash. Clients, which are
 * distinguished by their address, get the threads in turn.
 */
export interface Passwords {
  /** @throws AppError `unavailable` when too many hashes are waiting, or this one waited too long */
  hash(password: string, client: string): Promise<string>;
  /** @throws AppError `unavailable` when too many hashes are waiting, or this one waited too long */
  matches(password: string, hash: string, client: string): Promise<boolean>;
  /** Hashes that wait for a thread. */
  waiting(): number;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** What a worker thread is asked to do. */
export type Task =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string };

// Each waits about 0.1 s for each hash before it.
const WAITING_PER_THREAD = 50;
// One address leaves places for others, who do not wait for it.
const WAITING_PER_CLIENT_AND_THREAD = 40;
const WAIT_MAX_MS = 10_000;

/**
 * Starts the threads.
 * @param options.cost bcrypt's: each step doubles the work
 * @param options.processes how many processes share the machine's cores
 */
export function createPasswords({ cost = 10, processes = 1 } = {}): Passwords {
  const threads = Math.max(1, Math.floor((availableParallelism() - 1) / processes));
  const pool = new Piscina<Task, string | boolean>({
    // beside this file, and of its kind: source under test, JavaScript once built
    filename: new URL(`worker${extname(import.meta.url)}`, import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
  });
  const queue = createFairQueue({
    places: threads,
    placesPerClient: threads,
    waiting: threads * WAITING_PER_THREAD,
    waitingPerClient: threads * WAITING_PER_CLIENT_AND_THREAD,
    waitMaxMs: WAIT_MAX_MS,
    refusal: 'Too many people are logging in at this moment.',
  });

  async function run(task: Task, client: string): Promise<string | boolean> {
    const release = await queue.acquire(client);
    try {
      return await pool.run(task);
    } finally {
      release();
    }
  }

  return {
    hash: async (password, client) => String(await run({ kind: 'hash', password, cost }, client)),
    async matches(password, hash, client) {
      // bcrypt would compare the first 72 bytes alone.
      if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) return false;
      return (await run({ kind: 'compare', password, hash }, client)) === true;
    },
    waiting: () => queue.waiting(),
    close: () => pool.close({ force: true }),
  };
}
