import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import { createFairQueue } from '../limits/fair-queue.ts';
import { updateFollowCounts } from './profile-updates.ts';

/** The table `follower`: who (`who_id`) follows whom (`whom_id`). */
export interface Followers {
  isFollowing(whoId: number, whomId: number): Promise<boolean>;
  /**
   * Idempotent.
   * @throws AppError `unavailable`, without any change, when too many follows of `whomId` wait, or this one waited too long
   */
  follow(whoId: number, whomId: number): Promise<void>;
  /**
   * Idempotent.
   * @throws AppError `unavailable`, and changes nothing, as `follow` does
   */
  unfollow(whoId: number, whomId: number): Promise<void>;
}

// One takes about 5 ms, so that a follow waits longer only while the database is slow.
const WAIT_MAX_MS = 2000;
const WAITING_PER_USER = 50;

/** The followers in this database. */
export function createFollowers(database: Database): Followers {
  // Parallel follows of one user would all wait for the row of that user, each with a connection, and a post of that
  // user would wait behind them. One at a time per process, they take as long altogether.
  const queue = createFairQueue({
    maxConcurrent: Infinity,
    maxConcurrentPerClient: 1,
    maxQueued: Infinity,
    maxQueuedPerClient: WAITING_PER_USER,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage: 'Too many people follow or unfollow this user at this moment.',
  });

  /** Does the work when the follows of this user that came before it have ended. */
  async function inTurn(whomId: number, work: () => Promise<void>): Promise<void> {
    const release = await queue.acquire(String(whomId));
    try {
      await work();
    } finally {
      release();
    }
  }

  return {
    async isFollowing(whoId, whomId) {
      const rows = await database.select(
        `select 1
         from follower
         where who_id = :whoId and whom_id = :whomId and :isPrimary`,
        { whoId, whomId },
      );
      return rows.length > 0;
    },

    async follow(whoId, whomId) {
      try {
        await inTurn(whomId, () =>
          database.transact(async (transaction) => {
            await transaction.execute(
              `insert into follower (who_id, whom_id)
               values (:whoId, :whomId)`,
              { whoId, whomId },
            );
            await updateFollowCounts(transaction, { whoId, whomId, change: 1 });
          }),
        );
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },

    unfollow: (whoId, whomId) =>
      inTurn(whomId, () =>
        database.transact(async (transaction) => {
          const { affectedRows } = await transaction.execute(
            `delete from follower
             where who_id = :whoId and whom_id = :whomId`,
            { whoId, whomId },
          );
          if (affectedRows > 0)
            await updateFollowCounts(transaction, { whoId, whomId, change: -1 });
        }),
      ),
  };
}
