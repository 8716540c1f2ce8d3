import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { type PeoplePage, PEOPLE_QUERY_LIMIT, toPeoplePage } from './people-page.ts';
import { lockAndMarkReaders } from './unseen-authors.ts';

/**
 * Reads and writes the table `mute`: the user `who_id` does not see the messages of the user `whom_id` on timelines.
 * Writes `follower.is_muted` in the same transactions.
 */
export interface Mutes {
  /**
   * Idempotent.
   * @throws AppError `forbidden` if `whoId` has already muted MUTES_MAX users, and `conflict` if one of the two was
   *   deleted
   */
  mute(whoId: number, whomId: number): Promise<void>;
  /** Idempotent. */
  unmute(whoId: number, whomId: number): Promise<void>;
  isMuted(whoId: number, whomId: number): Promise<boolean>;
  /** Lists the users whom a user has muted, whose names come after `after`. */
  listMuted(whoId: number, after: string): Promise<PeoplePage>;
}

/** The number of users that a user can mute. */
export const MUTES_MAX = 2000;

const MUTES_FULL = `You have muted ${MUTES_MAX.toLocaleString('en')} users, which is the most that MiniTwit allows. Unmute one of them first.`;

/** Creates the mutes of a database. */
export function createMutes(database: Database): Mutes {
  return {
    mute: (whoId, whomId) =>
      database.transact(async (transaction) => {
        await lockAndMarkReaders(transaction, { whoId, whomId }, 'mute');
        const { affectedRows } = await transaction.execute(
          `insert ignore into mute (who_id, whom_id)
           values (:whoId, :whomId)`,
          { whoId, whomId },
        );
        if (affectedRows === 0) return;
        await assertCapacity(transaction, whoId);
        await transaction.execute(
          `update follower
           set is_muted = true
           where who_id = :whoId and whom_id = :whomId`,
          { whoId, whomId },
        );
      }),

    unmute: (whoId, whomId) =>
      database.transact(async (transaction) => {
        await transaction.execute(
          `delete from mute
           where who_id = :whoId and whom_id = :whomId`,
          { whoId, whomId },
        );
        await transaction.execute(
          `update follower
           set is_muted = false
           where who_id = :whoId and whom_id = :whomId`,
          { whoId, whomId },
        );
      }),

    async isMuted(whoId, whomId) {
      const rows = await database.select(
        `select 1
         from mute
         where who_id = :whoId and whom_id = :whomId and :isPrimary`,
        { whoId, whomId },
      );
      return rows.length > 0;
    },

    async listMuted(whoId, after) {
      const rows = await database.select<{ username: string }>(
        `select user.username
         from mute
         join user on user.user_id = mute.whom_id
         left join hidden_author on hidden_author.user_id = mute.whom_id
         where mute.who_id = :whoId and user.username > :after
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary
         order by user.username
         limit :limit`,
        { whoId, after, limit: PEOPLE_QUERY_LIMIT },
      );
      return toPeoplePage(rows);
    },
  };
}

/** @throws AppError `forbidden` if the user has muted more than MUTES_MAX users. The transaction must roll back then. */
async function assertCapacity(transaction: Statements, whoId: number): Promise<void> {
  const [row] = await transaction.select<{ total: number }>(
    `select count(*) as total
     from mute
     where who_id = :whoId`,
    { whoId },
  );
  if ((row?.total ?? 0) > MUTES_MAX) throw new AppError('forbidden', MUTES_FULL);
}
