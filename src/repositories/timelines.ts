import { batchReads, shareReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import type { Parameters } from '../database/statements.ts';
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
// as long as the query. `allNewest` has no cursor, because a range takes longer. The database fills in `:isPrimary`, so
// that no demoted server answers.
const QUERIES = {
  allNewest: `
    select :place as place, message.message_id as messageId, message.is_hidden as isHidden
    from message force index (primary)
    left join hidden_author force index (primary) on hidden_author.user_id = message.author_id
    where hidden_author.user_id is null and :isPrimary
    order by message.message_id desc
    limit :limit`,
  allBefore: `
    select :place as place, message.message_id as messageId, message.is_hidden as isHidden
    from message force index (primary)
    left join hidden_author force index (primary) on hidden_author.user_id = message.author_id
    where hidden_author.user_id is null and message.message_id < :cursor and :isPrimary
    order by message.message_id desc
    limit :limit`,
  allAfter: `
    select :place as place, message.message_id as messageId, message.is_hidden as isHidden
    from message force index (primary)
    left join hidden_author force index (primary) on hidden_author.user_id = message.author_id
    where hidden_author.user_id is null and message.message_id > :cursor and :isPrimary
    order by message.message_id
    limit :limit`,
  authorBefore: `
    select :place as place, message_id as messageId, is_hidden as isHidden
    from message force index (author)
    where author_id = :authorId and message_id < :cursor and :isPrimary
    order by message_id desc
    limit :limit`,
  authorAfter: `
    select :place as place, message_id as messageId, is_hidden as isHidden
    from message force index (author)
    where author_id = :authorId and message_id > :cursor and :isPrimary
    order by message_id
    limit :limit`,
};

// The most queries in a statement, so that its length and its time are bounded.
const STATEMENT_MAX = 30;

/** A query for a page. */
interface PageQuery {
  name: keyof typeof QUERIES;
  cursor?: number;
  authorId?: number;
}

/** Creates the timelines of a database. */
export function createTimelines(database: Database): Timelines {
  /** Runs queries as one statement. Returns the listed ids of each, newest first. */
  async function runQueries(queries: PageQuery[]): Promise<ListedId[][]> {
    const parameters: Parameters = { limit: PAGE_QUERY_LIMIT };
    const selects = queries.map(({ name, ...values }, place) => {
      for (const [key, value] of Object.entries({ place, ...values }))
        parameters[`${key}${place}`] = value;
      return `(${QUERIES[name].replaceAll(/:(place|cursor|authorId)\b/g, `:$1${place}`)})`;
    });
    const rows = await database.select<ListedRow & { place: number }>(
      selects.join(' union all '),
      parameters,
    );
    const lists = queries.map((): ListedId[] => []);
    for (const row of rows) lists[row.place]?.push(toListedId(row));
    return lists.map(sortNewestFirst);
  }

  // The way of a statement to the server takes longer than one of these queries takes there.
  const selectIds = batchReads(async (queries: PageQuery[]) => {
    const chunks = Array.from({ length: Math.ceil(queries.length / STATEMENT_MAX) }, (_, index) =>
      queries.slice(index * STATEMENT_MAX, (index + 1) * STATEMENT_MAX),
    );
    return (await Promise.all(chunks.map(runQueries))).flat();
  });

  const publicQueries: PageQueries = {
    newest: async () => (await runQueries([{ name: 'allNewest' }]))[0] ?? [],
    before: (cursor) => selectIds({ name: 'allBefore', cursor }),
    after: (cursor) => selectIds({ name: 'allAfter', cursor }),
  };
  const listNewestPublic = shareReads(() => readPage(null, publicQueries));

  return {
    listPublic: (cursor) =>
      cursor === null ? listNewestPublic() : readPage(cursor, publicQueries),

    listByAuthor: ({ userId: authorId, newestIds }, cursor) =>
      readPage(cursor, {
        newest: async () => newestIds,
        before: (id) => selectIds({ name: 'authorBefore', authorId, cursor: id }),
        after: (id) => selectIds({ name: 'authorAfter', authorId, cursor: id }),
      }),

    listHome: createHomeTimeline(database),
  };
}
