import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { type PeoplePage, PEOPLE_QUERY_LIMIT, toPeoplePage } from './people-page.ts';
import { updateFollowCounts } from './profile-updates.ts';
import { lockAndMarkReaders } from './unseen-authors.ts';

/** The blocks between a user and another one. */
export interface BlockState {
  /** The user has blocked the other one. */
  hasBlocked: boolean;
  /** The other one has blocked the user. */
  isBlocked: boolean;
}

/** Reads and writes the table `block`: the user `who_id` has blocked the user `whom_id`. */
export interface Blocks {
  /**
   * Blocks a user, and ends the follows between the two. Idempotent.
   * @throws AppError `forbidden` if `whoId` has already blocked BLOCKS_MAX users, and `conflict` if one of the two was
   *   deleted
   */
  block(whoId: number, whomId: number): Promise<void>;
  /** Idempotent. The follows that the block has ended do not return. */
  unblock(whoId: number, whomId: number): Promise<void>;
  findBlocks(userId: number, otherId: number): Promise<BlockState>;
  /** Returns one of these usernames whose user has blocked `userId` or is blocked by `userId`, and null if there is none. */
  findBlockedName(
    userId: number,
    usernames: string[],
  ): Promise<(BlockState & { username: string }) | null>;
  /** Lists the users whom a user has blocked, whose names come after `after`. */
  listBlocked(whoId: number, after: string): Promise<PeoplePage>;
}

/** The number of users that a user can block. */
export const BLOCKS_MAX = 2000;

/** Creates the blocks of a database. */
export function createBlocks(database: Database): Blocks {
  return {
    block: (whoId, whomId) =>
      database.transact(async (transaction) => {
        await lockAndMarkReaders(transaction, { whoId, whomId }, 'block');
        const { affectedRows } = await transaction.execute(
          `insert ignore into block (who_id, whom_id)
           values (:whoId, :whomId)`,
          { whoId, whomId },
        );
        if (affectedRows === 0) return;
        await assertCapacity(transaction, whoId);
        await endFollows(transaction, whoId, whomId);
      }),

    async unblock(whoId, whomId) {
      await database.execute(
        `delete from block
         where who_id = :whoId and whom_id = :whomId`,
        { whoId, whomId },
      );
    },

    async findBlocks(userId, otherId) {
      const rows = await database.select<{ whoId: number }>(
        `select who_id as whoId
         from block
         where (who_id, whom_id) in ((:userId, :otherId), (:otherId, :userId)) and :isPrimary`,
        { userId, otherId },
      );
      const whoIds = new Set(rows.map(({ whoId }) => whoId));
      return { hasBlocked: whoIds.has(userId), isBlocked: whoIds.has(otherId) };
    },

    async findBlockedName(userId, usernames) {
      const [row] = await database.select<{
        username: string;
        hasBlocked: 0 | 1;
        isBlocked: 0 | 1;
      }>(
        `select user.username, own.who_id is not null as hasBlocked,
           other.who_id is not null as isBlocked
         from user
         left join block as own on own.who_id = :userId and own.whom_id = user.user_id
         left join block as other on other.who_id = user.user_id and other.whom_id = :userId
         where user.username in (:usernames)
           and (own.who_id is not null or other.who_id is not null) and :isPrimary
         limit 1`,
        { userId, usernames },
      );
      if (!row) return null;
      const { username, hasBlocked, isBlocked } = row;
      return { username, hasBlocked: hasBlocked === 1, isBlocked: isBlocked === 1 };
    },

    async listBlocked(whoId, after) {
      const rows = await database.select<{ username: string }>(
        `select user.username
         from block
         join user on user.user_id = block.whom_id
         left join hidden_author on hidden_author.user_id = block.whom_id
         where block.who_id = :whoId and user.username > :after
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary
         order by user.username
         limit :limit`,
        { whoId, after, limit: PEOPLE_QUERY_LIMIT },
      );
      return toPeoplePage(rows);
    },
  };
}

/** @throws AppError `forbidden` if the user has blocked more than BLOCKS_MAX users. The transaction must roll back then. */
async function assertCapacity(transaction: Statements, whoId: number): Promise<void> {
  const [row] = await transaction.select<{ total: number }>(
    `select count(*) as total
     from block
     where who_id = :whoId`,
    { whoId },
  );
  if ((row?.total ?? 0) <= BLOCKS_MAX) return;
  const max = BLOCKS_MAX.toLocaleString('en');
  throw new AppError(
    'forbidden',
    `You have blocked ${max} users, which is the most that MiniTwit allows. Unblock one of them first.`,
  );
}

/** Ends the follows between two users. */
async function endFollows(transaction: Statements, oneId: number, otherId: number): Promise<void> {
  const ended: { whoId: number; whomId: number }[] = [];
  for (const follow of [
    { whoId: oneId, whomId: otherId },
    { whoId: otherId, whomId: oneId },
  ]) {
    const { affectedRows } = await transaction.execute(
      `delete from follower
       where who_id = :whoId and whom_id = :whomId`,
      follow,
    );
    if (affectedRows > 0) ended.push(follow);
  }
  // As in an unfollow, the profiles are locked after the rows of `follower`.
  for (const follow of ended) await updateFollowCounts(transaction, { ...follow, change: -1 });
}
