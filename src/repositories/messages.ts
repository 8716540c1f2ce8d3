import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';
import { createMessageIds, type Cursor } from './message-ids.ts';
import {
  addNewestId,
  collectNewestIds,
  NEWEST_IDS,
  type Profile,
  type Profiles,
} from './profiles.ts';

/** A message with its author, as a page shows it. `email` is for Gravatar alone. */
export interface Message {
  messageId: number;
  authorId: number;
  username: string;
  email: string;
  text: string;
  /** Seconds since 1970. */
  pubDateS: number;
}

/** Part of a timeline, newest first. */
export interface Page {
  messages: Message[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** The table `message`. What a page shows is what the database holds when it is asked for. */
export interface Messages {
  /** Stores a message with the database's time. */
  createMessage(authorId: number, text: string): Promise<number>;
  findMessage(messageId: number): Promise<Message | null>;
  deleteMessage(message: Pick<Message, 'messageId' | 'authorId'>): Promise<void>;
  /** Everyone's messages. */
  listPublic(cursor: Cursor): Promise<Page>;
  /** One person's messages. */
  listByAuthor(author: Pick<Profile, 'userId' | 'newestIds'>, cursor: Cursor): Promise<Page>;
  /** The messages of a person and of all whom that person follows. */
  listForReader(readerId: number, cursor: Cursor): Promise<Page>;
}

/** Messages on a page, as in MiniTwit. */
export const PAGE_SIZE = NEWEST_IDS - 1;

const CACHE_MAX_BYTES = 24 * 1024 * 1024;
// a message, its author, and what a page makes of it
const BYTES_PER_MESSAGE = 1500;
const BYTES_PER_CHARACTER = 4;

/** The messages in this database. */
export function createMessages(database: Database, profiles: Profiles): Messages {
  const messageIds = createMessageIds(database, profiles);

  // It cannot be wrong: a message never changes, nor does its author's name, and its id is never given to
  // another. Which messages there are is never asked of it.
  const cache = new LRUCache<number, Message>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ text }) => BYTES_PER_MESSAGE + BYTES_PER_CHARACTER * text.length,
  });

  async function readMessages(ids: number[]): Promise<Message[]> {
    if (ids.length === 0) return [];
    return database.select<Message>(
      `select message.message_id as messageId, message.author_id as authorId, user.username,
         user.email, message.text, message.pub_date as pubDateS
       from message
       join user on user.user_id = message.author_id
       where message.message_id in (:ids)`,
      { ids },
    );
  }

  async function findMessages(ids: number[]): Promise<Message[]> {
    const missing = ids.filter((id) => !cache.has(id));
    for (const message of await readMessages(missing)) cache.set(message.messageId, message);
    // without those that were deleted meanwhile
    return ids.flatMap((id) => cache.get(id) ?? []);
  }

  async function readPage(
    list: (cursor: Cursor) => Promise<number[]>,
    cursor: Cursor,
  ): Promise<Page> {
    const ids = await list(cursor);
    const isLast = ids.length <= PAGE_SIZE;
    const isNewer = cursor?.direction === 'newer';
    // Whoever comes back to the newest messages wants the newest page, full.
    if (isNewer && isLast) return readPage(list, null);
    return {
      messages: await findMessages(isNewer ? ids.slice(-PAGE_SIZE) : ids.slice(0, PAGE_SIZE)),
      hasOlder: isNewer || !isLast,
      // true of any page that was linked, and one query less than to find out
      hasNewer: cursor !== null,
    };
  }

  return {
    createMessage: (authorId, text) =>
      database.transact(async (transaction) => {
        const { insertId } = await transaction.change(
          `insert into message (author_id, text, pub_date)
           values (:authorId, :text, unix_timestamp())`,
          { authorId, text },
        );
        await addNewestId(transaction, authorId, insertId);
        return insertId;
      }),

    async findMessage(messageId) {
      const [message] = await readMessages([messageId]);
      return message ?? null;
    },

    deleteMessage: ({ messageId, authorId }) =>
      database.transact(async (transaction) => {
        await transaction.change(
          `delete from message
           where message_id = :messageId`,
          { messageId },
        );
        await collectNewestIds(transaction, authorId);
      }),

    listPublic: (cursor) => readPage(messageIds.listPublic, cursor),
    listByAuthor: (author, cursor) =>
      readPage((from) => messageIds.listByAuthor(author, from), cursor),
    listForReader: (readerId, cursor) =>
      readPage((from) => messageIds.listForReader(readerId, from), cursor),
  };
}
