import type { Statements } from '../database/statements.ts';
import { decrementFollowCounts } from './profile-updates.ts';

type Keys = (string | number)[];

type Remove = (transaction: Statements, userId: number, keys: Keys) => Promise<void>;

/** The rows of a user in one table. */
export interface OwnedRows {
  /** A select of up to `:limit` rows. `rowKey` is the rest of the primary key, or all of it. */
  find: string;
  /** Deletes those of the found rows that are still there, in a transaction. */
  remove: Remove;
}

/**
 * The rows of a deleted user, in the order of their deletion. A transaction locks the row of `hidden_author`, then rows of
 * one of these tables, and those of `profile` after those of `follower`. The rows are found before the transaction: if
 * they changed after its first read, its locks of them would fail on a MariaDB with `innodb_snapshot_isolation`. They are locked by primary key, in the order of the key,
 * as in requests. Locks of another index would deadlock with a transaction that has locked a row by primary key: its
 * delete then locks the entries of the row in the other indexes.
 */
export const OWNED_ROWS: OwnedRows[] = [
  {
    find: `
      select session_id as rowKey
      from session
      where user_id = :userId and :isPrimary
      order by session_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from session as gone force index (primary)
      where user_id = :userId and session_id in (:keys)`),
  },
  {
    find: `
      select credential_id as rowKey
      from passkey
      where user_id = :userId and :isPrimary
      order by credential_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from passkey as gone force index (primary)
      where user_id = :userId and credential_id in (:keys)`),
  },
  {
    find: `
      select code_hash as rowKey
      from recovery_code
      where user_id = :userId and :isPrimary
      order by code_hash
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from recovery_code as gone force index (primary)
      where user_id = :userId and code_hash in (:keys)`),
  },
  {
    find: `
      select user_id as rowKey
      from totp
      where user_id = :userId and :isPrimary
      order by user_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from totp as gone force index (primary)
      where user_id = :userId and user_id in (:keys)`),
  },
  // A mail without its row gets no link, so the links come after the mails.
  {
    find: `
      select mail_id as rowKey
      from mail
      where user_id = :userId and :isPrimary
      order by mail_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from mail as gone force index (primary)
      where user_id = :userId and mail_id in (:keys)`),
  },
  {
    find: `
      select token_hash as rowKey
      from link
      where user_id = :userId and :isPrimary
      order by token_hash
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from link as gone force index (primary)
      where user_id = :userId and token_hash in (:keys)`),
  },
  {
    find: `
      select report_id as rowKey
      from report
      where reporter_id = :userId and :isPrimary
      order by report_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from report as gone force index (primary)
      where reporter_id = :userId and report_id in (:keys)`),
  },
  {
    find: `
      select report_id as rowKey
      from report
      where user_id = :userId and :isPrimary
      order by report_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from report as gone force index (primary)
      where user_id = :userId and report_id in (:keys)`),
  },
  {
    find: `
      select whom_id as rowKey
      from mute
      where who_id = :userId and :isPrimary
      order by whom_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from mute as gone force index (primary)
      where who_id = :userId and whom_id in (:keys)`),
  },
  {
    find: `
      select who_id as rowKey
      from mute
      where whom_id = :userId and :isPrimary
      order by who_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from mute as gone force index (primary)
      where whom_id = :userId and who_id in (:keys)`),
  },
  {
    find: `
      select whom_id as rowKey
      from block
      where who_id = :userId and :isPrimary
      order by whom_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from block as gone force index (primary)
      where who_id = :userId and whom_id in (:keys)`),
  },
  {
    find: `
      select who_id as rowKey
      from block
      where whom_id = :userId and :isPrimary
      order by who_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from block as gone force index (primary)
      where whom_id = :userId and who_id in (:keys)`),
  },
  {
    find: `
      select whom_id as rowKey
      from follower
      where who_id = :userId and :isPrimary
      order by whom_id
      limit :limit`,
    remove: deleteFollows({
      lock: (transaction, values) =>
        transaction.select(
          `select whom_id as otherId
           from follower force index (primary)
           where who_id = :userId and whom_id in (:keys)
           for update`,
          values,
        ),
      remove: `
        delete gone
        from follower as gone force index (primary)
        where who_id = :userId and whom_id in (:otherIds)`,
      count: 'followers',
    }),
  },
  {
    find: `
      select who_id as rowKey
      from follower
      where whom_id = :userId and :isPrimary
      order by who_id
      limit :limit`,
    remove: deleteFollows({
      lock: (transaction, values) =>
        transaction.select(
          `select who_id as otherId
           from follower force index (primary)
           where whom_id = :userId and who_id in (:keys)
           for update`,
          values,
        ),
      remove: `
        delete gone
        from follower as gone force index (primary)
        where whom_id = :userId and who_id in (:otherIds)`,
      count: 'following',
    }),
  },
  {
    find: `
      select message_id as rowKey
      from message
      where author_id = :userId and :isPrimary
      order by message_id
      limit :limit`,
    remove: deleteRows(`
      delete gone
      from message as gone force index (primary)
      where author_id = :userId and message_id in (:keys)`),
  },
];

function deleteRows(sql: string): Remove {
  return async (transaction, userId, keys) => {
    await transaction.execute(sql, { userId, keys });
  };
}

/** Deletes follows, and takes them from a count of the other users. A request may have deleted, and counted, some. */
function deleteFollows({
  lock,
  remove,
  count,
}: {
  lock: (
    transaction: Statements,
    values: { userId: number; keys: Keys },
  ) => Promise<{ otherId: number }[]>;
  remove: string;
  count: 'followers' | 'following';
}): Remove {
  return async (transaction, userId, keys) => {
    const rows = await lock(transaction, { userId, keys });
    if (rows.length === 0) return;
    const otherIds = rows.map(({ otherId }) => otherId);
    await transaction.execute(remove, { userId, otherIds });
    await decrementFollowCounts(transaction, otherIds, count);
  };
}
