import type { Database } from '../database/database.ts';
import { OutageError } from '../database/outage-error.ts';
import { isLockConflict } from '../database/query-errors.ts';
import type { Statements } from '../database/statements.ts';
import { type DecisionSource, hideAuthor, recordDecisionAbout } from './hidden-authors.ts';
import { revokeLinks } from './links.ts';
import { addMail, type NewMail } from './mails.ts';
import { decrementFollowCounts, deleteProfile } from './profile-updates.ts';
import type { LockedUser } from './suspensions.ts';
import { retireName } from './taken-names.ts';
import { type Credentials, lockCredentials } from './users.ts';

/**
 * Deletes accounts. The request only hides the user, like a suspension, and ends all sessions. Later, the rows are
 * deleted in transactions of at most STEP_ROWS rows, so no request waits for them.
 */
export interface AccountDeletion {
  /**
   * Starts the deletion of an account, and records the decision. From the commit on, no page shows the user. Returns
   * false, and changes nothing, if the user does not exist or is already being deleted.
   */
  startDeletion(userId: number, source: DecisionSource): Promise<boolean>;
  /**
   * Starts the deletion of the account of a user who has asked for it, and stores a mail. Does nothing if the account is
   * already being deleted.
   * @throws AppError `conflict` if the password is no longer that of `read`
   */
  startOwnDeletion(read: Credentials, notice: NewMail | null): Promise<void>;
  /**
   * Deletes the rows of up to `limit` accounts whose deletion has started. Returns the number of accounts that this
   * call has deleted. An interrupted call leaves the rest to the next one, and concurrent calls of all instances work on
   * different accounts.
   */
  continueDeletions(limit: number): Promise<number>;
}

/** The most rows that a transaction deletes from a table. */
export const STEP_ROWS = 500;

interface OwnedRows {
  table: string;
  /** The column with the user. */
  owner: string;
  /** The other column of the primary key, or its only one. */
  key: string;
  /** The count of the other users that has these rows, if there is one. */
  count?: 'followers' | 'following';
}

type Keys = (string | number)[];

// A transaction deletes up to STEP_ROWS rows of one table, so it locks rows of one table, except of `profile` after
// `follower`. The keys are read before it: a transaction that locks rows which have changed since its first read fails on
// MariaDB. Rows are locked by primary key, in the order of the key, as in requests. Locks of another index would deadlock
// with a transaction that has locked a row by primary key: its delete then locks the row's entries in the other indexes.
const OWNED_ROWS: OwnedRows[] = [
  { table: 'session', owner: 'user_id', key: 'session_id' },
  { table: 'passkey', owner: 'user_id', key: 'credential_id' },
  { table: 'recovery_code', owner: 'user_id', key: 'code_hash' },
  { table: 'totp', owner: 'user_id', key: 'user_id' },
  // A mail without its row gets no link, so the links come after the mails.
  { table: 'mail', owner: 'user_id', key: 'mail_id' },
  { table: 'link', owner: 'user_id', key: 'token_hash' },
  { table: 'report', owner: 'reporter_id', key: 'report_id' },
  { table: 'report', owner: 'user_id', key: 'report_id' },
  { table: 'mute', owner: 'who_id', key: 'whom_id' },
  { table: 'mute', owner: 'whom_id', key: 'who_id' },
  { table: 'block', owner: 'who_id', key: 'whom_id' },
  { table: 'block', owner: 'whom_id', key: 'who_id' },
  { table: 'follower', owner: 'who_id', key: 'whom_id', count: 'followers' },
  { table: 'follower', owner: 'whom_id', key: 'who_id', count: 'following' },
  { table: 'message', owner: 'author_id', key: 'message_id' },
];

/** Creates the deletion of accounts of a database. */
export function createAccountDeletion(database: Database): AccountDeletion {
  /** Runs a transaction. Returns false, and changes nothing, if another call works on the account or has deleted it. */
  function claim(userId: number, work: (transaction: Statements) => Promise<boolean>) {
    return database.transact(async (transaction) =>
      (await claimDeletion(transaction, userId)) ? work(transaction) : false,
    );
  }

  /** Deletes all rows of a table. Returns false if another call works on the account or has deleted it. */
  async function deleteOwned(rows: OwnedRows, userId: number): Promise<boolean> {
    let keys: Keys;
    do {
      keys = await listKeys(database.writer, rows, userId);
      if (keys.length === 0) return true;
      const isDone = await claim(userId, async (transaction) => {
        await deleteRows(transaction, { ...rows, userId, keys });
        return true;
      });
      if (!isDone) return false;
    } while (keys.length === STEP_ROWS);
    return true;
  }

  /** Returns whether this call has deleted the account. */
  async function continueDeletion(userId: number): Promise<boolean> {
    for (const rows of OWNED_ROWS) {
      if (!(await deleteOwned(rows, userId))) return false;
    }
    return claim(userId, (transaction) => deleteUser(transaction, userId));
  }

  return {
    startDeletion: (userId, source) =>
      database.transact(async (transaction) => {
        const user = await hideDeleted(transaction, userId);
        if (user) await recordDecisionAbout(transaction, user, 'delete', source);
        return user !== null;
      }),

    startOwnDeletion: (read, notice) =>
      database.transact(async (transaction) => {
        await lockCredentials(transaction, read);
        if (await hideDeleted(transaction, read.userId)) await addMail(transaction, notice);
      }),

    async continueDeletions(limit) {
      // In a random order, an account that cannot be deleted does not hinder the others.
      const rows = await database.select<{ userId: number }>(
        `select user_id as userId
         from hidden_author
         where is_deleted = true and :isPrimary
         order by rand()
         limit :limit`,
        { limit },
      );
      let deleted = 0;
      for (const { userId } of rows) deleted += Number(await continueDeletion(userId));
      return deleted;
    },
  };
}

/** Hides a user, and revokes the links in mails. Returns null, and changes nothing, if there is no such user any more. */
async function hideDeleted(transaction: Statements, userId: number): Promise<LockedUser | null> {
  const user = await hideAuthor(transaction, userId, { untilS: null, isDeleted: true });
  if (user) await revokeLinks(transaction, userId);
  return user;
}

/** Locks the row of a deletion. Returns false if it does not exist, or if another transaction has locked it. */
async function claimDeletion(transaction: Statements, userId: number): Promise<boolean> {
  try {
    const rows = await transaction.select(
      `select 1
       from hidden_author
       where user_id = :userId and is_deleted = true
       for update nowait`,
      { userId },
    );
    return rows.length > 0;
  } catch (error) {
    if (error instanceof OutageError && isLockConflict(error)) return false;
    throw error;
  }
}

/** Returns the keys of up to STEP_ROWS rows of a user. */
async function listKeys(
  writer: Database['writer'],
  { table, owner, key }: OwnedRows,
  userId: number,
): Promise<Keys> {
  const rows = await writer.select<{ rowKey: string | number }>(
    `select ${key} as rowKey
     from ${table}
     where ${owner} = :userId and :isPrimary
     order by ${key}
     limit :limit`,
    { userId, limit: STEP_ROWS },
  );
  return rows.map(({ rowKey }) => rowKey);
}

async function deleteRows(
  transaction: Statements,
  { table, owner, key, count, userId, keys }: OwnedRows & { userId: number; keys: Keys },
): Promise<void> {
  const rows = await transaction.select<{ rowKey: string | number }>(
    `select ${key} as rowKey
     from ${table} force index (primary)
     where ${owner} = :userId and ${key} in (:keys)
     for update`,
    { userId, keys },
  );
  if (rows.length === 0) return;
  const locked = rows.map(({ rowKey }) => rowKey);
  await transaction.execute(
    `delete gone
     from ${table} as gone force index (primary)
     where gone.${owner} = :userId and gone.${key} in (:locked)`,
    { userId, locked },
  );
  // These keys are ids of users.
  if (count) await decrementFollowCounts(transaction, locked as number[], count);
}

/**
 * Deletes the user, after all other rows. Returns false, and deletes nothing, if a request that had begun before the deletion
 * has inserted a row after its step.
 */
async function deleteUser(transaction: Statements, userId: number): Promise<boolean> {
  // Each request that inserts a row of this user locks the user first, or locks the profile next. With this lock, the former
  // have committed, and the latter will find no profile.
  const [user] = await transaction.select<{ username: string }>(
    `select username
     from user
     where user_id = :userId
     for update`,
    { userId },
  );
  if (await hasRows(transaction, userId)) return false;
  if (user) await retireName(transaction, { userId, ...user });
  await deleteProfile(transaction, userId);
  await transaction.execute('delete from hidden_author where user_id = :userId', { userId });
  await transaction.execute('delete from user where user_id = :userId', { userId });
  return true;
}

/** Returns whether a table of the steps has a row of the user. */
async function hasRows(transaction: Statements, userId: number): Promise<boolean> {
  const [row] = await transaction.select<{ hasRows: 0 | 1 }>(
    `select exists (select 1 from session where user_id = :userId)
       or exists (select 1 from passkey where user_id = :userId)
       or exists (select 1 from recovery_code where user_id = :userId)
       or exists (select 1 from totp where user_id = :userId)
       or exists (select 1 from mail where user_id = :userId)
       or exists (select 1 from link where user_id = :userId)
       or exists (select 1 from report where reporter_id = :userId)
       or exists (select 1 from report where user_id = :userId)
       or exists (select 1 from mute where who_id = :userId)
       or exists (select 1 from mute where whom_id = :userId)
       or exists (select 1 from block where who_id = :userId)
       or exists (select 1 from block where whom_id = :userId)
       or exists (select 1 from follower where who_id = :userId)
       or exists (select 1 from follower where whom_id = :userId)
       or exists (select 1 from message where author_id = :userId) as hasRows`,
    { userId },
  );
  return row?.hasRows === 1;
}
