import type { Database } from '../database/database.ts';
import { NOW, type Statements } from '../database/statements.ts';
import { createLink, type LinkPurpose, lockUser } from './links.ts';

/** A mail that `addMail` stores. */
export interface NewMail {
  recipient: string;
  /** One line. */
  subject: string;
  /** Plain text, which has TOKEN_PLACEHOLDER if there is a link. */
  text: string;
  /** The link in the mail. Null for none. */
  link: { userId: number; purpose: LinkPurpose } | null;
}

/** A mail that this process may send until the time of the next attempt. */
export interface ClaimedMail extends NewMail {
  mailId: number;
  /** Seconds since 1970. */
  createdS: number;
  ageS: number;
}

/** Reads and writes the table `mail`. */
export interface Mails {
  /**
   * Claims up to `limit` mails that are due, the longest due first. No other process gets them before the time of the
   * next attempt, which is RETRY_MIN_S later and doubles with each attempt, up to RETRY_MAX_S. A mail that is not
   * deleted by then is due again: its delivery failed, or its process has ended.
   */
  claimMails(limit: number): Promise<ClaimedMail[]>;
  /** Creates the link of a mail, and returns its token. Returns null if the mail was revoked, or if the user was deleted. */
  createMailLink(mail: ClaimedMail): Promise<string | null>;
  deleteMail(mailId: number): Promise<void>;
  /** Returns the number of mails that are not delivered. */
  countMails(): Promise<number>;
}

/**
 * Where a mail's text has the token of its link. The token is created when the mail is sent: a link does not expire
 * while the mail waits, and no reader of the database can use it. Usernames contain no control characters.
 */
export const TOKEN_PLACEHOLDER = '\u001A';

/** The time after which an attempt has certainly ended. */
export const RETRY_MIN_S = 2 * 60;
const RETRY_MAX_S = 4 * 60 * 60;

/** The `due_s` of mails that were not sent, but are on the page /outbox. */
export const IN_OUTBOX_S = 4_294_967_295;

/** Stores a mail in the transaction that causes it. Does nothing if it is null, because mail is off. */
export async function addMail(transaction: Statements, mail: NewMail | null): Promise<void> {
  if (!mail) return;
  const { recipient, subject, text, link } = mail;
  await transaction.execute(
    `insert into mail (recipient, subject, text, user_id, purpose, created_s, due_s)
     values (:recipient, :subject, :text, :userId, :purpose, :now, :now)`,
    {
      recipient,
      subject,
      text,
      userId: link?.userId ?? null,
      purpose: link?.purpose ?? '',
      now: NOW,
    },
  );
}

/** Creates the mails of a database. */
export function createMails(database: Database): Mails {
  /** Returns false if another process has claimed the mail since it was read. */
  async function claimMail({ mailId, dueS }: Row): Promise<boolean> {
    const { affectedRows } = await database.execute(
      `update mail
       set due_s = :now + least(:minS * pow(2, attempts), :maxS), attempts = attempts + 1
       where mail_id = :mailId and due_s = :dueS`,
      { now: NOW, minS: RETRY_MIN_S, maxS: RETRY_MAX_S, mailId, dueS },
    );
    return affectedRows > 0;
  }

  return {
    async claimMails(limit) {
      const rows = await database.writer.select<Row>(
        `select mail_id as mailId, recipient, subject, text, user_id as userId, purpose,
           created_s as createdS, :now - created_s as ageS, due_s as dueS
         from mail
         where due_s <= :now and :isPrimary
         order by due_s, mail_id
         limit :limit`,
        { now: NOW, limit },
      );
      const areClaimed = await Promise.all(rows.map(claimMail));
      return rows
        .filter((_, index) => areClaimed[index])
        .map(({ userId, purpose, dueS: _dueS, ...mail }) => ({
          ...mail,
          link: userId !== null && purpose !== '' ? { userId, purpose } : null,
        }));
    },

    createMailLink: ({ mailId, recipient, link }) =>
      database.transact(async (transaction) => {
        if (!link) return null;
        // The lock of the user makes this wait for a change of the password, which deletes the mail.
        const hasUser = await lockUser(transaction, link.userId);
        const stored = await transaction.select(
          'select 1 from mail where mail_id = :mailId for update',
          { mailId },
        );
        if (!hasUser || stored.length === 0) return null;
        return createLink(transaction, {
          ...link,
          email: link.purpose === 'email' ? recipient : '',
        });
      }),

    async deleteMail(mailId) {
      await database.execute(
        `delete from mail
         where mail_id = :mailId`,
        { mailId },
      );
    },

    async countMails() {
      const [row] = await database.select<{ total: number }>(
        `select count(*) as total
         from mail
         where due_s < :inOutboxS and :isPrimary`,
        { inOutboxS: IN_OUTBOX_S },
      );
      return row?.total ?? 0;
    },
  };
}

interface Row extends Omit<ClaimedMail, 'link'> {
  userId: number | null;
  purpose: LinkPurpose | '';
  dueS: number;
}
