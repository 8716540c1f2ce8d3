import type { Database } from '../database/database.ts';
import { IN_OUTBOX_S } from './mails.ts';

/** A mail on the page /outbox. */
export interface OutboxMail {
  mailId: number;
  recipient: string;
  subject: string;
  text: string;
  /** Seconds since 1970. */
  createdS: number;
}

/** The mails on the page /outbox of `npm run local`, which are not sent. They are rows of the table `mail`. */
export interface Outbox {
  /** Adds a claimed mail with its final text, and deletes all but the newest 50 mails. */
  addToOutbox(mailId: number, text: string): Promise<void>;
  /** Lists the mails, newest first. */
  listOutbox(): Promise<OutboxMail[]>;
}

const OUTBOX_SIZE = 50;

/** Creates the outbox of a database. */
export function createOutbox(database: Database): Outbox {
  return {
    async addToOutbox(mailId, text) {
      await database.execute(
        `update mail
         set text = :text, due_s = :inOutboxS, user_id = null
         where mail_id = :mailId`,
        { mailId, text, inOutboxS: IN_OUTBOX_S },
      );
      const old = await database.select<{ mailId: number }>(
        `select mail_id as mailId
         from mail
         where due_s = :inOutboxS and :isPrimary
         order by mail_id desc
         limit :limit offset :retained`,
        { inOutboxS: IN_OUTBOX_S, limit: OUTBOX_SIZE, retained: OUTBOX_SIZE },
      );
      if (old.length === 0) return;
      await database.execute(
        `delete from mail
         where mail_id in (:mailIds)`,
        { mailIds: old.map((mail) => mail.mailId) },
      );
    },

    listOutbox: () =>
      database.select<OutboxMail>(
        `select mail_id as mailId, recipient, subject, text, created_s as createdS
         from mail
         where due_s = :inOutboxS and :isPrimary
         order by mail_id desc
         limit :limit`,
        { inOutboxS: IN_OUTBOX_S, limit: OUTBOX_SIZE },
      ),
  };
}
