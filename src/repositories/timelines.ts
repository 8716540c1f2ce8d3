import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import { type Cursor, type Page, PAGE_QUERY_LIMIT, PAGE_SIZE } from './page.ts';
import type { Profile, Profiles } from './profiles.ts';

/**
 * Lists the ids of the messages on a page. Ids are read from the database for each request, from an index alone, so
 * each instance shows what another one has stored or deleted.
 */
export interface Timelines {
  /** Lists messages of all users. */
  listPublic(cursor: Cursor): Promise<Page>;
  /** Lists messages of one user. */
  listByAuthor(author: Pick<Profile, 'userId' | 'newestIds'>, cursor: Cursor): Promise<Page>;
  /** Lists messages of a user and of all users that the user follows. */
  listHome(readerId: number, cursor: Cursor): Promise<Page>;
}

// The most ids that a query for a window reads. A window with more is narrowed.
const WINDOW_LIMIT = 1000;
// The growth factor of a window with too few ids, and the shrink factor of one with too many.
const GROWTH = 8;

// Each query exists for both directions: `before` lists the newest messages below a cursor, newest first, and `after`
// the oldest above it, oldest first. `force index` stops MySQL from estimating the cost of each index first, which
// took ten times as long as the query.
const ALL_AUTHORS = {
  before: `
    select message_id as messageId
    from message force index (primary)
    where message_id < :cursor and :isPrimary
    order by message_id desc
    limit :limit`,
  after: `
    select message_id as messageId
    from message force index (primary)
    where message_id > :cursor and :isPrimary
    order by message_id
    limit :limit`,
};

const ONE_AUTHOR = {
  before: `
    select message_id as messageId
    from message force index (author)
    where author_id = :authorId and message_id < :cursor and :isPrimary
    order by message_id desc
    limit :limit`,
  after: `
    select message_id as messageId
    from message force index (author)
    where author_id = :authorId and message_id > :cursor and :isPrimary
    order by message_id
    limit :limit`,
};

// The query has no order, so that it ends at its limit instead of reading all messages of these authors.
const AUTHORS_IN_WINDOW = `
  select message_id as messageId
  from message force index (author)
  where author_id in (:authorIds) and message_id between :low and :high and :isPrimary
  limit :limit`;

/** Creates the timelines of a database. */
export function createTimelines(database: Database, profiles: Profiles): Timelines {
  /** Runs a query, and returns its ids, newest first. */
  async function selectIds(
    sql: string,
    parameters: Record<string, number | number[]>,
  ): Promise<number[]> {
    const rows = await database.select<{ messageId: number }>(sql, {
      limit: PAGE_QUERY_LIMIT,
      ...parameters,
    });
    return rows.map(({ messageId }) => messageId).toSorted((a, b) => b - a);
  }

  async function listAuthors(readerId: number): Promise<number[]> {
    const rows = await database.select<{ authorId: number }>(
      'select whom_id as authorId from follower where who_id = :readerId and :isPrimary',
      { readerId },
    );
    return [readerId, ...rows.map(({ authorId }) => authorId)];
  }

  /**
   * Reads a page of a home timeline in a window of ids beside the cursor. The right width depends on how often these
   * authors posted at that time. The first window is twice as wide as the newest page, and later ones are wider or
   * narrower. A window is complete if the query did not reach its limit.
   */
  async function findPageInIdWindow(readerId: number, cursor: NonNullable<Cursor>) {
    const isBefore = 'before' in cursor;
    const [authorIds, newest] = await Promise.all([
      listAuthors(readerId),
      profiles.listHomeTimelineIds(readerId),
    ]);
    if (newest.length < PAGE_QUERY_LIMIT) return newest.filter((id) => isInside(id, cursor));
    const [last = 0, first = 0] = [newest[0], newest.at(-1)];
    const from = isBefore ? Math.min(cursor.before - 1, last) : cursor.after + 1;
    let tooNarrow = 0;
    let tooWide = Infinity;
    for (let width = 2 * (last - first); ; width = nextWidth(tooNarrow, tooWide)) {
      const low = isBefore ? Math.max(from - width, 1) : from;
      const high = isBefore ? from : Math.min(from + width, last);
      const window = { authorIds, low, high, limit: WINDOW_LIMIT };
      const ids = await selectIds(AUTHORS_IN_WINDOW, window);
      const isLastWindow = isBefore ? low === 1 : high === last;
      if (ids.length === WINDOW_LIMIT) tooWide = width;
      else if (ids.length < PAGE_QUERY_LIMIT && !isLastWindow) tooNarrow = width;
      else return isBefore ? ids.slice(0, PAGE_QUERY_LIMIT) : ids.slice(-PAGE_QUERY_LIMIT);
    }
  }

  // One query serves all requests that wait for the newest public messages at the same time.
  const listNewestPublic = batchReads<null, number[]>(async () => [
    await selectIds(ALL_AUTHORS.before, { cursor: Number.MAX_SAFE_INTEGER }),
  ]);

  return {
    listPublic: (cursor) =>
      readPage(cursor, {
        newest: () => listNewestPublic(null),
        before: (id) => selectIds(ALL_AUTHORS.before, { cursor: id }),
        after: (id) => selectIds(ALL_AUTHORS.after, { cursor: id }),
      }),

    listByAuthor: ({ userId: authorId, newestIds }, cursor) =>
      readPage(cursor, {
        newest: async () => newestIds,
        before: (id) => selectIds(ONE_AUTHOR.before, { authorId, cursor: id }),
        after: (id) => selectIds(ONE_AUTHOR.after, { authorId, cursor: id }),
      }),

    listHome: (readerId, cursor) =>
      readPage(cursor, {
        newest: () => profiles.listHomeTimelineIds(readerId),
        before: (id) => findPageInIdWindow(readerId, { before: id }),
        after: (id) => findPageInIdWindow(readerId, { after: id }),
      }),
  };
}

/** Lists at most PAGE_QUERY_LIMIT ids, newest first: the newest of all, before an id, and the oldest after an id. */
interface IdQueries {
  newest: () => Promise<number[]>;
  before: (messageId: number) => Promise<number[]>;
  after: (messageId: number) => Promise<number[]>;
}

async function readPage(cursor: Cursor, queries: IdQueries): Promise<Page> {
  if (cursor && 'after' in cursor) {
    const ids = await queries.after(cursor.after);
    // A reader who pages to the newest messages gets a full page of them.
    if (ids.length <= PAGE_SIZE) return readPage(null, queries);
    return { messageIds: ids.slice(-PAGE_SIZE), hasOlder: true, hasNewer: true };
  }
  const ids = await (cursor ? queries.before(cursor.before) : queries.newest());
  return {
    messageIds: ids.slice(0, PAGE_SIZE),
    hasOlder: ids.length > PAGE_SIZE,
    // Each link to older messages comes from a page of newer ones, so no query is needed.
    hasNewer: cursor !== null,
  };
}

function isInside(messageId: number, cursor: NonNullable<Cursor>): boolean {
  return 'before' in cursor ? messageId < cursor.before : messageId > cursor.after;
}

/**
 * Returns the next width to try. A window that is one id wider has at most one message more, so the search ends at a
 * width with neither too few messages nor too many.
 */
function nextWidth(tooNarrow: number, tooWide: number): number {
  if (tooWide === Infinity) return tooNarrow * GROWTH;
  return Math.floor(tooNarrow === 0 ? tooWide / GROWTH : Math.sqrt(tooNarrow * tooWide));
}
