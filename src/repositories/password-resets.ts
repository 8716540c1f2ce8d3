import type { Database } from '../database/database.ts';
import { NOW } from '../database/statements.ts';
import { type DecisionSource, recordDecisionAbout } from './hidden-authors.ts';
import { consumeLink, createLink, type Link, revokeLinks } from './links.ts';
import { addMail, type NewMail } from './mails.ts';
import { deleteAllSessions } from './sessions.ts';
import { lockUser } from './suspensions.ts';
import type { User } from './users.ts';

/** Resets forgotten passwords. Reads and writes the table `reset_request`. */
export interface PasswordResets {
  /** Stores a request to reset the passwords of all accounts with this email address. There may be none. */
  requestReset(email: string): Promise<void>;
  /**
   * Answers the oldest request: stores the mail that `writeMail` returns for each of up to 5 accounts with the address,
   * the oldest accounts first. Accounts that are being deleted get none. Returns false if there is no request.
   */
  answerResetRequest(writeMail: (user: User) => NewMail): Promise<boolean>;
  /**
   * Creates a link for a user on behalf of the operator, who passes it on, and records the decision. Returns the link's
   * token, or null if the user does not exist.
   */
  createResetLink(userId: number, source: DecisionSource): Promise<string | null>;
  /**
   * Sets the password of the user of a link, ends all of the user's sessions, revokes all of the user's links, and
   * stores a mail. Returns false, and changes nothing, if the link can no longer be used.
   */
  resetPassword(link: Link, newHash: string, notice: NewMail | null): Promise<boolean>;
  /** Deletes up to `limit` requests of more than an hour ago. Returns their number. */
  deleteOldRequests(limit: number): Promise<number>;
}

const ACCOUNTS_PER_ADDRESS = 5;
const REQUEST_LIFETIME_S = 60 * 60;

/** Creates the password resets of a database. */
export function createPasswordResets(database: Database): PasswordResets {
  return {
    async requestReset(email) {
      await database.execute(
        `insert into reset_request (email, created_s)
         values (:email, :now)`,
        { email, now: NOW },
      );
    },

    async answerResetRequest(writeMail) {
      const [request] = await database.select<{ requestId: number; email: string }>(
        `select request_id as requestId, email
         from reset_request
         where :isPrimary
         order by request_id
         limit 1`,
      );
      if (!request) return false;
      await database.transact(async (transaction) => {
        const { affectedRows } = await transaction.execute(
          `delete from reset_request
           where request_id = :requestId`,
          { requestId: request.requestId },
        );
        // Another process may have answered the request since.
        if (affectedRows === 0) return;
        // The column's collation ignores case and accents, but the limit of requests for an address ignores case only.
        const users = await transaction.select<User>(
          `select user_id as userId, username, email
           from user
           where email = :email and lower(email) = lower(:email) collate utf8mb4_bin
             and not exists (
               select 1
               from hidden_author
               where hidden_author.user_id = user.user_id and is_deleted
             )
           order by user_id
           limit :limit`,
          { email: request.email, limit: ACCOUNTS_PER_ADDRESS },
        );
        for (const user of users) await addMail(transaction, writeMail(user));
      });
      return true;
    },

    createResetLink: (userId, source) =>
      database.transact(async (transaction) => {
        const user = await lockUser(transaction, userId);
        if (!user || user.hidden?.isDeleted) return null;
        await recordDecisionAbout(transaction, user, 'reset_password', source);
        return createLink(transaction, { userId, purpose: 'reset', email: '' });
      }),

    resetPassword: (link, newHash, notice) =>
      database.transact(async (transaction) => {
        if (!(await consumeLink(transaction, link))) return false;
        const { userId } = link;
        await transaction.execute(
          `update user
           set pw_hash = :newHash
           where user_id = :userId`,
          { userId, newHash },
        );
        await deleteAllSessions(transaction, userId);
        await revokeLinks(transaction, userId);
        await addMail(transaction, notice);
        return true;
      }),

    async deleteOldRequests(limit) {
      const { affectedRows } = await database.execute(
        `delete from reset_request
         where created_s <= :now - :lifetimeS
         limit :limit`,
        { now: NOW, lifetimeS: REQUEST_LIFETIME_S, limit },
      );
      return affectedRows;
    },
  };
}
