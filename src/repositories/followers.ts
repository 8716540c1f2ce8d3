import type { Database } from '../database/database.ts';
import { createTurns } from '../database/turns.ts';
import { isDuplicate } from '../database/failures.ts';
import { addToFollowCounts } from './profiles.ts';

/** The table `follower`: who (`who_id`) follows whom (`whom_id`). */
export interface Followers {
  isFollowing(whoId: number, whomId: number): Promise<boolean>;
  /** Idempotent. */
  follow(whoId: number, whomId: number): Promise<void>;
  /** Idempotent. */
  unfollow(whoId: number, whomId: number): Promise<void>;
}

// A follow that takes longer does not block the next one.
const HOLD_MAX_MS = 1000;

/** The followers in this database. */
export function createFollowers(database: Database): Followers {
  // Follows of a popular user would all wait for the row of that user, each with a connection, and so would a post
  // of that user behind them. One at a time per process, they take no longer altogether.
  const inTurn = createTurns(HOLD_MAX_MS);
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
        await inTurn(() =>
          database.transact(async (transaction) => {
            await transaction.change(
              `insert into follower (who_id, whom_id)
               values (:whoId, :whomId)`,
              { whoId, whomId },
            );
            await addToFollowCounts(transaction, { whoId, whomId, change: 1 });
          }),
        );
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    },

    unfollow: (whoId, whomId) =>
      inTurn(() =>
        database.transact(async (transaction) => {
          const { affectedRows } = await transaction.change(
            `delete from follower
             where who_id = :whoId and whom_id = :whomId`,
            { whoId, whomId },
          );
          if (affectedRows > 0) await addToFollowCounts(transaction, { whoId, whomId, change: -1 });
        }),
      ),
  };
}
