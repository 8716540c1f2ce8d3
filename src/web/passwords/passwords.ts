import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { getRounds } from 'bcryptjs';
import { Piscina } from 'piscina';
import { AppError } from '../../errors/app-error.ts';
import { createFairQueue } from '../../limits/fair-queue.ts';

/**
 * Hashes and compares passwords with bcrypt in worker threads, so that hashing does not block the event loop. The
 * threads are shared fairly among client addresses. The passwords of one account are compared one after another.
 */
export interface Passwords {
  /**
   * Returns the hash of a password.
   * @throws AppError `unavailable` if the queue is full, or if the password has waited in it for too long
   */
  hash(password: string, address: string): Promise<string>;
  /**
   * Returns whether a password matches a hash.
   * @throws AppError `unavailable` if a queue is full, or if the password has waited in it for too long
   */
  matches(password: string, hash: string, client: PasswordClient): Promise<boolean>;
  /**
   * Returns a hash of the current cost for a password that matches `hash`. Returns null if `hash` already has that
   * cost.
   * @throws AppError `unavailable` if any other password is queued, because logins have priority
   */
  rehash(password: string, hash: string, address: string): Promise<string | null>;
  /** Returns the number of queued passwords. */
  queued(): number;
  /** Terminates the threads. */
  close(): Promise<void>;
}

/** The client and the account of a login, which share the threads with others. */
export interface PasswordClient {
  address: string;
  /** The key of the account. */
  account: string;
}

/** The task of a worker thread. */
export type Task =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string };

// A queued password waits about 0.1 s for each one before it.
const WAITING_PER_THREAD = 50;
// One address cannot fill the queue.
const WAITING_PER_ADDRESS_AND_THREAD = 40;
// The default of `LIMIT_LOGINS_PER_NAME`.
const WAITING_PER_ACCOUNT = 10;
// The limit of each of the two queues.
const WAIT_MAX_MS = 5000;
const BUSY_MESSAGE = 'Too many users are logging in. Please try again in a few seconds.';

/**
 * Starts the worker threads.
 * @param options.cost the cost of bcrypt, whose increment doubles the work
 * @param options.processes the number of processes that share the cores of this machine
 */
export function createPasswords({ cost = 10, processes = 1 } = {}): Passwords {
  const threads = Math.max(1, Math.floor((availableParallelism() - 1) / processes));
  const pool = new Piscina<Task, string | boolean>({
    // The worker has the extension of this file: `.ts` in the source, `.js` in the build.
    filename: new URL(`hash-worker${extname(import.meta.url)}`, import.meta.url).href,
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
  // This queue comes before the queue for threads, so that parallel logins of one account do not delay other users of
  // its address.
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
