import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { getRounds } from 'bcryptjs';
import { Piscina } from 'piscina';
import { AppError } from '../../errors/app-error.ts';
import { createFairQueue } from '../../limits/fair-queue.ts';

/**
 * Hashes and compares passwords with bcrypt, in worker threads, so that no page waits for a hash. Client addresses get the
 * threads in turn, and the passwords of one account are compared one after the other.
 */
export interface Passwords {
  /** @throws AppError `unavailable` when too many hashes are waiting, or this one waited too long */
  hash(password: string, address: string): Promise<string>;
  /** @throws AppError `unavailable` when too many hashes are waiting, or this one waited too long */
  matches(password: string, hash: string, client: PasswordClient): Promise<boolean>;
  /**
   * Returns a hash of the current cost for a password that matches `hash`; null if the cost of `hash` is not lower.
   * @throws AppError `unavailable` when other hashes are waiting: they come first
   */
  rehash(password: string, hash: string, address: string): Promise<string | null>;
  /** Hashes that wait for a thread, or for another hash of their account. */
  queued(): number;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Who shares the threads with others. */
export interface PasswordClient {
  address: string;
  /** A key of the account whose password is compared. */
  account: string;
}

/** What a worker thread is asked to do. */
export type Task =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string };

// Each waits about 0.1 s for each hash before it.
const WAITING_PER_THREAD = 50;
// One address leaves places for others, who do not wait for it.
const WAITING_PER_ADDRESS_AND_THREAD = 40;
// As many as guesses at an account from one address, by default.
const WAITING_PER_ACCOUNT = 10;
// In each of the two queues.
const WAIT_MAX_MS = 5000;
const BUSY_MESSAGE = 'Too many people are logging in at this moment.';

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
  const byAddress = createFairQueue({
    maxConcurrent: threads,
    maxConcurrentPerClient: threads,
    maxQueued: threads * WAITING_PER_THREAD,
    maxQueuedPerClient: threads * WAITING_PER_ADDRESS_AND_THREAD,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage: BUSY_MESSAGE,
  });
  // Before the queue for threads, so that parallel logins of one account delay no other user behind their address.
  const byAccount = createFairQueue({
    maxConcurrent: Infinity,
    maxConcurrentPerClient: 1,
    maxQueued: Infinity,
    maxQueuedPerClient: WAITING_PER_ACCOUNT,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage: BUSY_MESSAGE,
  });

  async function run(task: Task, address: string): Promise<string | boolean> {
    const release = await byAddress.acquire(address);
    try {
      return await pool.run(task);
    } finally {
      release();
    }
  }

  const createHash = async (password: string, address: string) =>
    String(await run({ kind: 'hash', password, cost }, address));

  return {
    hash: createHash,
    async matches(password, hash, { address, account }) {
      const release = await byAccount.acquire(account);
      try {
        return (await run({ kind: 'compare', password, hash }, address)) === true;
      } finally {
        release();
      }
    },
    async rehash(password, hash, address) {
      if (getRounds(hash) >= cost) return null;
      if (byAddress.queued() > 0) throw new AppError('unavailable', BUSY_MESSAGE);
      return createHash(password, address);
    },
    queued: () => byAddress.queued() + byAccount.queued(),
    close: () => pool.close({ force: true }),
  };
}
