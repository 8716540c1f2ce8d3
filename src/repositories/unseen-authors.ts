import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { createDeletedError } from '../errors/deleted-error.ts';

/** Reads and writes which authors a user does not see: the user has muted them, or one of the two has blocked the other. */
export interface UnseenAuthors {
  /**
   * Lists the ids of the authors whose messages the reader does not see. At most UNSEEN_MAX of those who have blocked
   * the reader are among them.
   */
  listUnseenAuthors(readerId: number): Promise<ReadonlySet<number>>;
}

// The limit protects the server, and costs the author nothing: without a login, the reader sees these messages anyway.
const UNSEEN_MAX = 5000;

/** Creates the unseen authors of a database. */
export function createUnseenAuthors(database: Database): UnseenAuthors {
  return {
    async listUnseenAuthors(readerId) {
      const rows = await database.select<{ authorId: number }>(
        `select whom_id as authorId
         from block
         where who_id = :readerId and :isPrimary
         union all
         select whom_id
         from mute
         where who_id = :readerId
         union all
         (
           select who_id
           from block
           where whom_id = :readerId
           limit :limit
         )`,
        { readerId, limit: UNSEEN_MAX },
      );
      return new Set(rows.map(({ authorId }) => authorId));
    },
  };
}

/** Two users, one of whom follows, mutes, blocks or reports the other. */
export interface UserPair {
  whoId: number;
  whomId: number;
}

/**
 * Locks two users for a row that refers to both. A block or a mute between them either commits before, or waits for this
 * transaction. Call it first, so that each transaction locks users before all other rows, in the order of their ids. The
 * foreign keys of the row would lock them in another order.
 * @throws AppError `conflict` if one of them does not exist
 */
export async function lockUserPair(
  transaction: Statements,
  { whoId, whomId }: UserPair,
): Promise<void> {
  const users = await transaction.select(
    `select 1
     from user force index (primary)
     where user_id in (:whoId, :whomId)
     order by user_id
     lock in share mode`,
    { whoId, whomId },
  );
  assertBothExist(users.length, { whoId, whomId });
}

/**
 * Locks two users for a block or a mute, like `lockUserPair`, and marks those who may have unseen authors then: both
 * after a block, and `whoId` after a mute. A session is read with this mark, so the pages of all other readers need no
 * query for unseen authors. The mark is never removed.
 * @throws AppError `conflict` if one of them does not exist
 */
export async function lockAndMarkReaders(
  transaction: Statements,
  { whoId, whomId }: UserPair,
  relation: 'block' | 'mute',
): Promise<void> {
  const { affectedRows } = await transaction.execute(
    `update user force index (primary)
     set has_unseen_authors = has_unseen_authors or user_id = :whoId or :isBlock
     where user_id in (:whoId, :whomId)`,
    { whoId, whomId, isBlock: Number(relation === 'block') },
  );
  assertBothExist(affectedRows, { whoId, whomId });
}

function assertBothExist(found: number, { whoId, whomId }: UserPair): void {
  if (found < new Set([whoId, whomId]).size) throw createDeletedError();
}
