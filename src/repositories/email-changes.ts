import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { consumeLink, type Link, revokeLinks } from './links.ts';
import { addMail, type NewMail } from './mails.ts';
import { type Credentials, lockCredentials } from './users.ts';

/** Changes the email addresses of users. A change revokes all links of the user. */
export interface EmailChanges {
  /**
   * Changes the address of a user at once.
   * @throws AppError `conflict` if the password is no longer that of `read`
   */
  changeEmail(read: Credentials, email: string): Promise<void>;
  /**
   * Stores a mail whose link confirms an address of a user. It revokes the user's earlier links of this kind, because
   * the user may have mistyped the address before.
   * @throws AppError `conflict` if the password is no longer that of `read`
   */
  requestConfirmation(read: Credentials, mail: NewMail): Promise<void>;
  /**
   * Changes the address of the user of a link, and stores a mail. Returns false, and changes nothing, if the link can no
   * longer be used.
   */
  confirmEmail(link: Link, notice: NewMail | null): Promise<boolean>;
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
    changeEmail: (read, email) =>
      database.transact(async (transaction) => {
        await lockCredentials(transaction, read);
        await replaceEmail(transaction, { userId: read.userId, email });
      }),

    requestConfirmation: (read, mail) =>
      database.transact(async (transaction) => {
        await lockCredentials(transaction, read);
        await revokeLinks(transaction, read.userId, ['email']);
        await addMail(transaction, mail);
      }),

    confirmEmail: (link, notice) =>
      database.transact(async (transaction) => {
        if (!(await consumeLink(transaction, link))) return false;
        await replaceEmail(transaction, link);
        await addMail(transaction, notice);
        return true;
      }),
  };
}
