import type { Database } from '../../src/database/database.ts';
import type { Message, Messages } from '../../src/repositories/messages.ts';
import { type Cursor, type Page, PAGE_SIZE } from '../../src/repositories/page.ts';
import type { Timelines } from '../../src/repositories/timelines.ts';

/** A row of `select message.*, user.*` in Flask's MiniTwit. */
interface MessageRow {
  message_id: number;
  author_id: number;
  text: string;
  pub_date: number;
  username: string;
  email: string;
}

// Flask's MiniTwit has only the newest page of each timeline. Older pages add one condition.
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

// Holds the messages from a timeline's query until the page is rendered.
const CACHE_MAX = 100 * PAGE_SIZE;

/**
 * Returns timelines with the queries of Flask's MiniTwit. They read whole messages, which `listMessages` takes from
 * memory.
 */
export function createOriginalTimelines(
  database: Database,
): Timelines & Pick<Messages, 'listMessages'> {
  const cache = new Map<number, Message>();

  async function readPage(
    timeline: typeof everyone,
    cursor: Cursor,
    userId: number | null,
  ): Promise<Page> {
    if (cursor && 'after' in cursor) throw new Error('Newer pages are not measured.');
    const parameters = { userId, cursor: cursor?.before ?? null, limit: PAGE_SIZE };
    const sql = cursor ? timeline.older : timeline.newest;
    const messages = (await database.select<MessageRow>(sql, parameters)).map(toMessage);
    if (cache.size > CACHE_MAX) cache.clear();
    for (const message of messages) cache.set(message.messageId, message);
    return {
      messageIds: messages.map(({ messageId }) => messageId),
      hasOlder: messages.length === PAGE_SIZE,
      hasNewer: cursor !== null,
    };
  }

  return {
    listPublic: (cursor) => readPage(everyone, cursor, null),
    listByAuthor: ({ userId }, cursor) => readPage(oneAuthor, cursor, userId),
    listHome: (readerId, cursor) => readPage(readerAndFollowed, cursor, readerId),
    async listMessages(messageIds) {
      return messageIds.map((messageId) => {
        const message = cache.get(messageId);
        if (!message) throw new Error(`The timeline did not read message ${messageId}.`);
        return message;
      });
    },
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
