import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { consumeLink, revokeLinks } from './links.ts';
import { addMail, type NewMail } from './mails.ts';

/** Changes the email addresses of users. A change revokes all links of the user. */
export interface EmailChanges {
  /** Changes the address of a user at once. */
  changeEmail(userId: number, email: string): Promise<void>;
  /**
   * Stores a mail whose link confirms an address of a user. It revokes the user's earlier links of this kind, because
   * the user may have mistyped the address before.
   */
  requestConfirmation(userId: number, mail: NewMail): Promise<void>;
  /**
   * Changes the address of the user of a link, and stores a mail to the previous address. Returns the user's id.
   * Returns null, and changes nothing, if the link cannot be used.
   */
  confirmEmail(token: string, notice: NewMail | null): Promise<number | null>;
}

/** Creates the changes of email addresses of a database. */
export function createEmailChanges(database: Database): EmailChanges {
  async function replaceEmail(
    transaction: Statements,
    { userId, email }: { userId: number; email: string },
  ): Promise<void> {
    await transaction.execute(
      `update user
       set email = :email
       where user_id = :userId`,
      { userId, email },
    );
    await revokeLinks(transaction, userId);
  }

  return {
    changeEmail: (userId, email) =>
      database.transact((transaction) => replaceEmail(transaction, { userId, email })),

    requestConfirmation: (userId, mail) =>
      database.transact(async (transaction) => {
        await transaction.select('select 1 from user where user_id = :userId for update', {
          userId,
        });
        await revokeLinks(transaction, userId, ['email']);
        await addMail(transaction, mail);
      }),

    confirmEmail: (token, notice) =>
      database.transact(async (transaction) => {
        const link = await consumeLink(transaction, token, 'email');
        if (!link) return null;
        await replaceEmail(transaction, link);
        await addMail(transaction, notice);
        return link.userId;
      }),
  };
}
