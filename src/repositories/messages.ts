import type { Database } from '../database/database.ts';

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

/** Which page of a timeline: that beside a message's id, or the newest (null). */
export type Cursor = { direction: 'older' | 'newer'; than: number } | null;

/** Part of a timeline, newest first. */
export interface Page {
  messages: Message[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** The table `message`. */
export interface Messages {
  /** Stores a message with the database's time. */
  createMessage(authorId: number, text: string): Promise<number>;
  findMessage(messageId: number): Promise<Message | null>;
  deleteMessage(messageId: number): Promise<void>;
  /** Everyone's messages. */
  listPublic(cursor: Cursor): Promise<Page>;
  /** One person's messages. */
  listByAuthor(authorId: number, cursor: Cursor): Promise<Page>;
  /** The messages of a person and of all whom that person follows. */
  listForReader(readerId: number, cursor: Cursor): Promise<Page>;
}

/** Messages on a page, as in MiniTwit. */
export const PAGE_SIZE = 30;

// Each timeline is two queries for message ids, which an index alone answers: the newest below a
// cursor, newest first, and the oldest above it, oldest first. For a reader, that index is read once
// for each author; `straight_join` keeps the optimizers from reading everyone's messages instead. A
// reader's page therefore costs as many rows as those they follow have written.
const everyone = {
  older: `
    select message_id as messageId
    from message
    where message_id < :cursor
    order by message_id desc
    limit :limit`,
  newer: `
    select message_id as messageId
    from message
    where message_id > :cursor
    order by message_id
    limit :limit`,
};

const oneAuthor = {
  older: `
    select message_id as messageId
    from message
    where author_id = :userId and message_id < :cursor
    order by message_id desc
    limit :limit`,
  newer: `
    select message_id as messageId
    from message
    where author_id = :userId and message_id > :cursor
    order by message_id
    limit :limit`,
};

const readerAndFollowed = {
  older: `
    select message.message_id as messageId
    from (
      select whom_id as author_id from follower where who_id = :userId
      union
      select :userId
    ) as author
    straight_join message on message.author_id = author.author_id
    where message.message_id < :cursor
    order by message.message_id desc
    limit :limit`,
  newer: `
    select message.message_id as messageId
    from (
      select whom_id as author_id from follower where who_id = :userId
      union
      select :userId
    ) as author
    straight_join message on message.author_id = author.author_id
    where message.message_id > :cursor
    order by message.message_id
    limit :limit`,
};

/** The messages in this database. */
export function createMessages(database: Database): Messages {
  async function readBodies(ids: number[]): Promise<Message[]> {
    if (ids.length === 0) return [];
    return database.select<Message>(
      `select message.message_id as messageId, message.author_id as authorId, user.username,
         user.email, message.text, message.pub_date as pubDateS
       from message
       join user on user.user_id = message.author_id
       where message.message_id in (:ids)
       order by message.message_id desc`,
      { ids },
    );
  }

  async function readIds(sql: string, cursor: number, userId: number | null): Promise<number[]> {
    // One more than a page holds, to know whether there is another page.
    const parameters = { cursor, userId, limit: PAGE_SIZE + 1 };
    const rows = await database.select<{ messageId: number }>(sql, parameters);
    return rows.map((row) => row.messageId);
  }

  async function readPage(
    timeline: typeof everyone,
    cursor: Cursor,
    userId: number | null,
  ): Promise<Page> {
    const { direction, than } = cursor ?? { direction: 'older', than: Number.MAX_SAFE_INTEGER };
    const ids = await readIds(timeline[direction], than, userId);
    const isLast = ids.length <= PAGE_SIZE;
    // Whoever comes back to the newest messages wants the newest page, full.
    if (direction === 'newer' && isLast) return readPage(timeline, null, userId);
    return {
      messages: await readBodies(ids.slice(0, PAGE_SIZE)),
      hasOlder: direction === 'newer' || !isLast,
      // true of any page that was linked, and one query less than to find out
      hasNewer: cursor !== null,
    };
  }

  return {
    async createMessage(authorId, text) {
      const { insertId } = await database.change(
        `insert into message (author_id, text, pub_date)
         values (:authorId, :text, unix_timestamp())`,
        { authorId, text },
      );
      return insertId;
    },

    async findMessage(messageId) {
      const [message] = await readBodies([messageId]);
      return message ?? null;
    },

    async deleteMessage(messageId) {
      await database.change(
        `delete from message
         where message_id = :messageId`,
        { messageId },
      );
    },

    listPublic: (cursor) => readPage(everyone, cursor, null),
    listByAuthor: (authorId, cursor) => readPage(oneAuthor, cursor, authorId),
    listForReader: (readerId, cursor) => readPage(readerAndFollowed, cursor, readerId),
  };
}
