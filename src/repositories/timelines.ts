import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import { createHomeTimeline, type ListHome } from './home-timeline.ts';
import { type ListedId, type ListedRow, sortNewestFirst, toListedId } from './listed-ids.ts';
import { type Cursor, type Page, PAGE_QUERY_LIMIT, type PageQueries, readPage } from './page.ts';
import type { Profile } from './profiles.ts';

/**
 * Lists the ids of the messages on a page. No ids are cached, so each instance of the server shows what another
 * one has stored or deleted. The queries read an index alone.
 */
export interface Timelines {
  /** Lists message ids of all users who are not hidden. */
  listPublic(cursor: Cursor): Promise<Page>;
  /** Lists message ids of one user, whose profile was read for the same request, and who is not hidden. */
  listByAuthor(author: Pick<Profile, 'userId' | 'newestIds'>, cursor: Cursor): Promise<Page>;
  /** Lists message ids of a user and of all users that the user follows and has not muted. */
  listHome: ListHome;
}

// Each query exists for both directions: `before` lists the newest ids below a cursor, and `after` the oldest ids
// above it. Without `force index`, MySQL estimates the cost of each index first, and the estimate took ten times
// as long as the query. `newest` has no cursor, because a range takes longer. The database fills in `:isPrimary`, so
// that no demoted server answers.
const ALL_AUTHORS = {
  newest: `
    select message.message_id as messageId, message.is_hidden as isHidden
    from message force index (primary)
    left join hidden_author force index (primary) on hidden_author.user_id = message.author_id
    where hidden_author.user_id is null and :isPrimary
    order by message.message_id desc
    limit :limit`,
  before: `
    select message.message_id as messageId, message.is_hidden as isHidden
    from message force index (primary)
    left join hidden_author force index (primary) on hidden_author.user_id = message.author_id
    where hidden_author.user_id is null and message.message_id < :cursor and :isPrimary
    order by message.message_id desc
    limit :limit`,
  after: `
    select message.message_id as messageId, message.is_hidden as isHidden
    from message force index (primary)
    left join hidden_author force index (primary) on hidden_author.user_id = message.author_id
    where hidden_author.user_id is null and message.message_id > :cursor and :isPrimary
    order by message.message_id
    limit :limit`,
};

const ONE_AUTHOR = {
  before: `
    select message_id as messageId, is_hidden as isHidden
    from message force index (author)
    where author_id = :authorId and message_id < :cursor and :isPrimary
    order by message_id desc
    limit :limit`,
  after: `
    select message_id as messageId, is_hidden as isHidden
    from message force index (author)
    where author_id = :authorId and message_id > :cursor and :isPrimary
    order by message_id
    limit :limit`,
};

/** Creates the timelines of a database. */
export function createTimelines(database: Database): Timelines {
  /** Runs a query, and returns its listed ids, newest first. */
  async function selectIds(
    sql: string,
    parameters: Record<string, number> = {},
  ): Promise<ListedId[]> {
    const rows = await database.select<ListedRow>(sql, {
      limit: PAGE_QUERY_LIMIT,
      ...parameters,
    });
    return sortNewestFirst(rows.map(toListedId));
  }

  const publicQueries: PageQueries = {
    newest: () => selectIds(ALL_AUTHORS.newest),
    before: (id) => selectIds(ALL_AUTHORS.before, { cursor: id }),
    after: (id) => selectIds(ALL_AUTHORS.after, { cursor: id }),
  };
  // One query serves all requests that wait for the newest public messages at the same time.
  const listNewestPublic = batchReads<null, Page>(async () => [
    await readPage(null, publicQueries),
  ]);

  return {
    listPublic: (cursor) =>
      cursor === null ? listNewestPublic(null) : readPage(cursor, publicQueries),

    listByAuthor: ({ userId: authorId, newestIds }, cursor) =>
      readPage(cursor, {
        newest: async () => newestIds,
        before: (id) => selectIds(ONE_AUTHOR.before, { authorId, cursor: id }),
        after: (id) => selectIds(ONE_AUTHOR.after, { authorId, cursor: id }),
      }),

    listHome: createHomeTimeline(database),
  };
}
