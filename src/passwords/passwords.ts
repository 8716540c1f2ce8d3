import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Piscina } from 'piscina';
import { AppError } from '../errors.ts';

/** bcrypt reads no more than this of a password; we refuse longer ones instead of cutting them. */
export const PASSWORD_MAX_BYTES = 72;

/** Hashes and compares passwords with bcrypt, in worker threads, so that no page waits for a hash. */
export interface Passwords {
  /** @throws AppError `unavailable` when too many hashes are waiting */
  hash(password: string): Promise<string>;
  /** @throws AppError `unavailable` when too many hashes are waiting */
  matches(password: string, hash: string): Promise<boolean>;
  /** Hashes that wait for a thread. */
  waiting(): number;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** What a worker thread is asked to do. */
export type Task =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string };

// Each waits about 0.1 s per hash before it: whoever came after these would wait for many seconds.
const WAITING_PER_THREAD = 50;

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
    maxQueue: threads * WAITING_PER_THREAD,
  });

  async function run(task: Task): Promise<string | boolean> {
    if (pool.queueSize >= pool.options.maxQueue) {
      throw new AppError('unavailable', 'Too many people are logging in at this moment.');
    }
    return pool.run(task);
  }

  return {
    hash: async (password) => String(await run({ kind: 'hash', password, cost })),
    async matches(password, hash) {
      // bcrypt would compare the first 72 bytes alone.
      if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) return false;
      return (await run({ kind: 'compare', password, hash })) === true;
    },
    waiting: () => pool.queueSize,
    close: () => pool.close({ force: true }),
  };
}
