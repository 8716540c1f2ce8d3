import { batchReads, batchWrites } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import { isLockConflict } from '../database/query-errors.ts';
import { NOW, type Statements } from '../database/statements.ts';
import { isAppError } from '../errors/app-error.ts';
import { createAccountEndedError } from './account-ended-error.ts';
import { prependNewestIds, rebuildNewestIds } from './profile-updates.ts';

/** A message with its author. `email` is only for Gravatar, and no page shows it. */
export interface Message {
  messageId: number;
  authorId: number;
  username: string;
  email: string;
  text: string;
  /** Seconds since 1970. */
  pubDateS: number;
}

/** A message, and whether a moderator has hidden it. */
export interface FoundMessage extends Message {
  isHidden: boolean;
  /** Whether the author is suspended. Then no page for readers shows the message. */
  isSuspended: boolean;
}

type NewMessage = Pick<Message, 'authorId' | 'text'>;

/** Reads and writes the table `message`. */
export interface Messages {
  /**
   * Stores a message with the time of the database. Returns its id.
   * @throws AppError `unauthenticated` if the author is suspended or deleted
   */
  createMessage(authorId: number, text: string): Promise<number>;
  /** Returns null if the message does not exist, or if the account of its author is being deleted. */
  findMessage(messageId: number): Promise<FoundMessage | null>;
  /** Lists messages in the order of the ids, without ids that do not exist. */
  listMessages(messageIds: readonly number[]): Promise<Message[]>;
  deleteMessage(message: Pick<Message, 'messageId' | 'authorId'>): Promise<void>;
}

/** Creates the messages of a database. */
export function createMessages(database: Database): Messages {
  const readMessages = batchReads(async (lists: (readonly number[])[]) => {
    const rows = await database.select<Message>(
      `select message.message_id as messageId, message.author_id as authorId, user.username,
         user.email, message.text, message.pub_date as pubDateS
       from message
       join user on user.user_id = message.author_id
       where message.message_id in (:messageIds) and :isPrimary`,
      { messageIds: Array.from(new Set(lists.flat())) },
    );
    const byId = new Map(rows.map((message) => [message.messageId, message]));
    return lists.map((messageIds) => messageIds.flatMap((id) => byId.get(id) ?? []));
  });

  async function storeMessages(newMessages: NewMessage[]): Promise<number[]> {
    // A foreign key locks each author, and all transactions lock users in the order of their ids. The sort is stable,
    // so the messages of an author retain their order.
    const sorted = newMessages
      .map(({ authorId, text }, place) => ({ authorId, text, place }))
      .toSorted((a, b) => a.authorId - b.authorId);
    return database.transact(async (transaction) => {
      const { insertId } = await transaction.execute(
        `insert into message (author_id, text, pub_date)
         values :rows`,
        { rows: sorted.map(({ authorId, text }) => [authorId, text, NOW]) },
      );
      const ids = sorted.length === 1 ? [insertId] : await readIds(transaction, insertId, sorted);
      const stored = sorted.map((message, index) => ({
        ...message,
        messageId: ids[index] as number,
      }));
      await prependNewestIds(transaction, stored);
      return stored.toSorted((a, b) => a.place - b.place).map(({ messageId }) => messageId);
    });
  }

  const storeMessage = batchWrites(storeMessages);

  async function storeAlone(newMessage: NewMessage): Promise<number> {
    try {
      const [messageId] = await storeMessages([newMessage]);
      return messageId as number;
    } catch (error) {
      throw isAppError(error, 'conflict') ? createAccountEndedError() : error;
    }
  }

  const listMessages = async (messageIds: readonly number[]) =>
    messageIds.length === 0 ? [] : readMessages(messageIds);

  return {
    async createMessage(authorId, text) {
      const newMessage = { authorId, text };
      try {
        return await storeMessage(newMessage);
      } catch (error) {
        if (isAppError(error, 'unavailable') && !isLockConflict(error)) throw error;
        // No message of the batch was stored, and the cause may be another message of the batch.
        return storeAlone(newMessage);
      }
    },

    async findMessage(messageId) {
      const [row] = await database.select<Message & { isHidden: 0 | 1; isSuspended: 0 | 1 }>(
        `select message.message_id as messageId, message.author_id as authorId, user.username,
           user.email, message.text, message.pub_date as pubDateS,
           message.is_hidden as isHidden, hidden_author.user_id is not null as isSuspended
         from message
         join user on user.user_id = message.author_id
         left join hidden_author on hidden_author.user_id = message.author_id
         where message.message_id = :messageId
           and coalesce(hidden_author.is_deleted, false) = false and :isPrimary`,
        { messageId },
      );
      if (!row) return null;
      return { ...row, isHidden: row.isHidden === 1, isSuspended: row.isSuspended === 1 };
    },

    listMessages,

    deleteMessage: ({ messageId, authorId }) =>
      database.transact(async (transaction) => {
        const { affectedRows } = await transaction.execute(
          `delete from message
           where message_id = :messageId`,
          { messageId },
        );
        if (affectedRows > 0) await rebuildNewestIds(transaction, authorId);
      }),
  };
}

/**
 * Returns the ids of the messages that the transaction has inserted with one statement, in the order of their rows, which
 * are sorted by author. The server may have left out numbers between them.
 * @throws Error if it cannot be known which ids are theirs. Then store each message in a transaction of its own.
 */
async function readIds(
  transaction: Statements,
  firstId: number,
  inserted: { authorId: number }[],
): Promise<number[]> {
  const rows = await transaction.select<{ messageId: number; authorId: number }>(
    `select message_id as messageId, author_id as authorId
     from message
     where message_id >= :firstId and author_id in (:authorIds)
     order by author_id, message_id`,
    { firstId, authorIds: Array.from(new Set(inserted.map(({ authorId }) => authorId))) },
  );
  // All inserted rows are among these. Others are, if a parallel request of one of the authors was stored meanwhile.
  if (rows.length === inserted.length) return rows.map(({ messageId }) => messageId);
  throw new Error('An author of these messages has posted in parallel.');
}
