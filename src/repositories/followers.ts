import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import { AppError } from '../errors/app-error.ts';
import { createFairQueue } from '../limits/fair-queue.ts';
import { updateFollowCounts } from './profile-updates.ts';
import { lockUserPair } from './unseen-authors.ts';

/** Reads and writes the table `follower`: the user `who_id` follows the user `whom_id`. */
export interface Followers {
  isFollowing(whoId: number, whomId: number): Promise<boolean>;
  /**
   * Idempotent.
   * @throws AppError `unavailable`, without any change, if too many follows of `whomId` wait, or if this one waited
   *   too long; AppError `forbidden` if `whoId` already follows FOLLOWING_MAX users, or if one of the two has blocked
   *   the other; AppError `not_found`, `unauthenticated` or `conflict` if one of them is suspended or deleted
   */
  follow(whoId: number, whomId: number): Promise<void>;
  /**
   * Idempotent.
   * @throws AppError `unavailable`, without any change, if too many follows of `whomId` wait, or if this one waited
   *   too long
   */
  unfollow(whoId: number, whomId: number): Promise<void>;
}

// A follow takes about 5 ms, so 50 of them wait this long only while the database is slow.
const WAIT_MAX_MS = 2000;
const WAITING_PER_USER = 50;

const FOLLOW_BLOCKED = 'You cannot follow this user, because one of you has blocked the other.';

/** Creates the followers of a database. */
export function createFollowers(database: Database): Followers {
  // Concurrent follows of one user would all wait for the lock of that user's profile, each with a connection, and so
  // would that user's posts. One at a time in each process, they take no longer.
  const queue = createFairQueue({
    maxConcurrent: Infinity,
    maxConcurrentPerClient: 1,
    maxQueued: Infinity,
    maxQueuedPerClient: WAITING_PER_USER,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage:
      'Too many people follow or unfollow this user at this moment. Please try again in a minute.',
  });

  /** Calls `work` after all earlier follows of this user in this process. */
  async function runInTurn(whomId: number, work: () => Promise<void>): Promise<void> {
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
        await runInTurn(whomId, () =>
          database.transact(async (transaction) => {
            await lockUserPair(transaction, { whoId, whomId });
            const { affectedRows } = await transaction.execute(
              `insert into follower (who_id, whom_id, is_muted)
               select :whoId, :whomId,
                 exists (select 1 from mute where who_id = :whoId and whom_id = :whomId)
               from dual
               where not exists (select 1 from block where who_id = :whoId and whom_id = :whomId)
                 and not exists (select 1 from block where who_id = :whomId and whom_id = :whoId)`,
              { whoId, whomId },
            );
            if (affectedRows === 0) throw new AppError('forbidden', FOLLOW_BLOCKED);
            await updateFollowCounts(transaction, { whoId, whomId, change: 1 });
          }),
        );
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },

    unfollow: (whoId, whomId) =>
      runInTurn(whomId, () =>
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
