import type { Database } from '../../src/database/database.ts';
import {
  type Cursor,
  type Message,
  type Messages,
  type Page,
  PAGE_SIZE,
} from '../../src/repositories/messages.ts';

/** What MiniTwit's `select message.*, user.*` reads. */
interface MessageRow {
  message_id: number;
  author_id: number;
  text: string;
  pub_date: number;
  username: string;
  email: string;
}

// MiniTwit has the newest page of each timeline alone; an older one adds one condition to it.
const everyone = {
  newest: `
    select message.*, user.* from message, user
    where message.author_id = user.user_id
    order by message.pub_date desc limit :limit`,
  older: `
    select message.*, user.* from message, user
    where message.author_id = user.user_id and message.message_id < :cursor
    order by message.pub_date desc limit :limit`,
};

const oneAuthor = {
  newest: `
    select message.*, user.* from message, user
    where user.user_id = message.author_id and user.user_id = :userId
    order by message.pub_date desc limit :limit`,
  older: `
    select message.*, user.* from message, user
    where user.user_id = message.author_id and user.user_id = :userId
      and message.message_id < :cursor
    order by message.pub_date desc limit :limit`,
};

const readerAndFollowed = {
  newest: `
    select message.*, user.* from message, user
    where message.author_id = user.user_id and (
      user.user_id = :userId or
      user.user_id in (select whom_id from follower where who_id = :userId))
    order by message.pub_date desc limit :limit`,
  older: `
    select message.*, user.* from message, user
    where message.author_id = user.user_id and (
      user.user_id = :userId or
      user.user_id in (select whom_id from follower where who_id = :userId))
      and message.message_id < :cursor
    order by message.pub_date desc limit :limit`,
};

/** The messages, with the queries of Flask's MiniTwit. */
export function createOriginalMessages(database: Database): Messages {
  async function readPage(
    timeline: typeof everyone,
    cursor: Cursor,
    userId: number | null,
  ): Promise<Page> {
    if (cursor?.direction === 'newer') throw new Error('Nobody measures newer pages.');
    const parameters = { userId, cursor: cursor?.than ?? null, limit: PAGE_SIZE };
    const sql = cursor ? timeline.older : timeline.newest;
    const rows = await database.select<MessageRow>(sql, parameters);
    const messages = rows.map(toMessage);
    return { messages, hasOlder: messages.length === PAGE_SIZE, hasNewer: cursor !== null };
  }

  return {
    async createMessage(authorId, text) {
      const pubDateS = Math.floor(Date.now() / 1000);
      const { insertId } = await database.change(
        'insert into message (author_id, text, pub_date) values (:authorId, :text, :pubDateS)',
        { authorId, text, pubDateS },
      );
      return insertId;
    },
    findMessage: notInMinitwit,
    deleteMessage: notInMinitwit,
    listPublic: (cursor) => readPage(everyone, cursor, null),
    listByAuthor: (authorId, cursor) => readPage(oneAuthor, cursor, authorId),
    listForReader: (readerId, cursor) => readPage(readerAndFollowed, cursor, readerId),
  };
}

function toMessage(row: MessageRow): Message {
  return {
    messageId: row.message_id,
    authorId: row.author_id,
    username: row.username,
    email: row.email,
    text: row.text,
    pubDateS: row.pub_date,
  };
}

async function notInMinitwit(): Promise<never> {
  throw new Error('MiniTwit did not have this.');
}
