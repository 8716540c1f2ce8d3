import type { Database } from '../database/database.ts';
import { OutageError } from '../database/outage-error.ts';
import { isLockConflict } from '../database/query-errors.ts';
import type { Statements } from '../database/statements.ts';
import { type DecisionSource, hideAuthor, recordDecisionAbout } from './hidden-authors.ts';
import { revokeLinks } from './links.ts';
import { addMail, type NewMail } from './mails.ts';
import { OWNED_ROWS, type OwnedRows } from './owned-rows.ts';
import { deleteProfile } from './profile-updates.ts';
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

/** Creates the deletion of accounts of a database. */
export function createAccountDeletion(database: Database): AccountDeletion {
  /** Runs a transaction. Returns false, and changes nothing, if another call works on the account or has deleted it. */
  function claim(userId: number, work: (transaction: Statements) => Promise<boolean>) {
    return database.transact(async (transaction) =>
      (await claimDeletion(transaction, userId)) ? work(transaction) : false,
    );
  }

  /** Deletes all rows of a table. Returns false if another call works on the account or has deleted it. */
  async function deleteOwned({ find, remove }: OwnedRows, userId: number): Promise<boolean> {
    for (;;) {
      const found = await database.writer.select<{ rowKey: string | number }>(find, {
        userId,
        limit: STEP_ROWS,
      });
      if (found.length === 0) return true;
      const keys = found.map(({ rowKey }) => rowKey);
      const isClaimed = await claim(userId, async (transaction) => {
        await remove(transaction, userId, keys);
        return true;
      });
      if (!isClaimed) return false;
    }
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

/**
 * Deletes the user, after all other rows. Returns false, and deletes nothing, if a table of `OWNED_ROWS` still has a row of
 * the user: a request that began before the deletion can insert one.
 */
async function deleteUser(transaction: Statements, userId: number): Promise<boolean> {
  // A request that inserts a row of this user locks the user first, or else the profile. Requests of the first kind have
  // committed when this lock is granted. Those of the second kind find no profile.
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
