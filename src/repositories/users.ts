import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { recordDecision } from './audit.ts';
import { findExactUsername } from './exact-username.ts';
import { revokeLinks } from './links.ts';
import { addMail, type NewMail } from './mails.ts';
import { addProfile } from './profile-updates.ts';
import { assertSession, deleteAllSessions } from './sessions.ts';
import { claimName } from './taken-names.ts';

/** A user, without the password. Only the user's own settings show `email`. */
export interface User {
  userId: number;
  username: string;
  email: string;
}

/** The fields of a user that a login needs. */
export interface Credentials {
  userId: number;
  passwordHash: string;
}

/** A row for `createUser`. The form has validated it. */
export interface NewUser {
  username: string;
  email: string;
  passwordHash: string;
}

/**
 * Reads and writes the table `user`. Usernames are compared exactly, including their case, and must be in Unicode's
 * NFC. A user whose account is being deleted is not found.
 */
export interface Users {
  findUser(username: string): Promise<User | null>;
  findCredentials(username: string): Promise<Credentials | null>;
  /** Stores a new hash of a user's password if the stored hash is still that of these credentials. */
  replacePasswordHash(read: Credentials, newHash: string): Promise<void>;
  /**
   * Changes a user's password, ends all of the user's sessions, revokes all of the user's links, and stores a mail.
   * @throws AppError `conflict` if the stored hash is no longer that of these credentials, and `unauthenticated` if the
   *   session with the id `sessionId` has ended
   */
  changePassword(
    read: Credentials,
    newHash: string,
    change: { sessionId: string; notice: NewMail | null },
  ): Promise<void>;
  /** Returns the user's id. @throws AppError `conflict` if the username is taken, or resembles one that is taken */
  createUser(user: NewUser): Promise<number>;
  /** Lets a user moderate, or no longer. Returns false, and changes nothing, if it is so already. */
  setModerator(
    user: Pick<User, 'userId' | 'username'>,
    isModerator: boolean,
    reason: string,
  ): Promise<boolean>;
}

/**
 * Locks a user in a transaction that changes the user's account.
 * @throws AppError `conflict` if the user's password is no longer that of these credentials
 */
export async function lockCredentials(
  transaction: Statements,
  { userId, passwordHash }: Credentials,
): Promise<void> {
  const rows = await transaction.select(
    `select 1
     from user
     where user_id = :userId and pw_hash = :passwordHash
     for update`,
    { userId, passwordHash },
  );
  if (rows.length > 0) return;
  throw new AppError('conflict', 'Your password was changed at this moment. Please try again.');
}

/** Creates the users of a database. */
export function createUsers(database: Database): Users {
  async function replaceHash(
    statements: Statements,
    { userId, passwordHash }: Credentials,
    newHash: string,
  ): Promise<void> {
    await statements.execute(
      `update user
       set pw_hash = :newHash
       where user_id = :userId and pw_hash = :passwordHash`,
      { userId, passwordHash, newHash },
    );
  }

  return {
    async findUser(username) {
      const rows = await database.select<User>(
        `select user.user_id as userId, user.username, user.email
         from user
         left join hidden_author on hidden_author.user_id = user.user_id
         where user.username = :username
           and coalesce(hidden_author.is_deleted, false) = false
           and :isPrimary`,
        { username },
      );
      return findExactUsername(username, rows);
    },

    async findCredentials(username) {
      const rows = await database.select<Credentials & { username: string }>(
        `select user.user_id as userId, user.username, user.pw_hash as passwordHash
         from user
         left join hidden_author on hidden_author.user_id = user.user_id
         where user.username = :username
           and coalesce(hidden_author.is_deleted, false) = false
           and :isPrimary`,
        { username },
      );
      return findExactUsername(username, rows);
    },

    replacePasswordHash: (read, newHash) => replaceHash(database, read, newHash),

    changePassword: (read, newHash, { sessionId, notice }) =>
      database.transact(async (transaction) => {
        // The lock of the user makes concurrent logins with the old password wait, and then fail.
        await lockCredentials(transaction, read);
        // The user may have turned on codes since the request began, which ended the session. Its browser has entered no
        // code, and would get a new session after the change.
        await assertSession(transaction, read.userId, sessionId);
        await replaceHash(transaction, read, newHash);
        await deleteAllSessions(transaction, read.userId);
        await revokeLinks(transaction, read.userId);
        await addMail(transaction, notice);
      }),

    async createUser(user) {
      try {
        return await database.transact(async (transaction) => {
          const { insertId } = await transaction.execute(
            `insert into user (username, email, pw_hash, registered_at)
             values (:username, :email, :passwordHash, unix_timestamp())`,
            { ...user },
          );
          await claimName(transaction, { userId: insertId, username: user.username });
          await addProfile(transaction, insertId);
          return insertId;
        });
      } catch (error) {
        if (isDuplicateKey(error)) throw new AppError('conflict', 'The username is already taken');
        throw error;
      }
    },

    setModerator: ({ userId, username }, isModerator, reason) =>
      database.transact(async (transaction) => {
        const { affectedRows } = await transaction.execute(
          `update user
           set is_moderator = :isModerator
           where user_id = :userId and is_moderator <> :isModerator`,
          { userId, isModerator: Number(isModerator) },
        );
        if (affectedRows === 0) return false;
        const action = isModerator ? 'make_moderator' : 'end_moderator';
        // Only the operator makes moderators.
        const decision = {
          actor: null,
          action,
          userId,
          username,
          messageId: null,
          reason,
        } as const;
        await recordDecision(transaction, decision);
        return true;
      }),
  };
}
