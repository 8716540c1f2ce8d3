import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import type { Profile, Profiles } from './profiles.ts';

/** Which part of a timeline: what is older or newer than a message's id, or the newest (null). */
export type Cursor = { direction: 'older' | 'newer'; than: number } | null;

/** Part of a timeline. */
export interface Page {
  /** Newest first. */
  messageIds: number[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/**
 * Which messages a page shows. That is read from the database each time, from an index alone: what one
 * instance has stored or deleted, all show.
 */
export interface Timelines {
  /** Everyone's messages. */
  listPublic(cursor: Cursor): Promise<Page>;
  /** One person's messages. */
  listByAuthor(author: Pick<Profile, 'userId' | 'newestIds'>, cursor: Cursor): Promise<Page>;
  /** The messages of a person and of all whom that person follows. */
  listForReader(readerId: number, cursor: Cursor): Promise<Page>;
}

/** Messages on a page, as in MiniTwit. */
export const PAGE_SIZE = 30;

// A page's ids, and the one that tells whether there are more.
const LIMIT = PAGE_SIZE + 1;

// How many ids to look through for a page of them, before a narrower window is tried.
const WINDOW_LIMIT = 1000;
// How much wider to look where there were too few, or narrower where there were too many.
const STEP = 8;

// Each query is written out for both directions: the newest below a cursor, newest first, and the oldest
// above it, oldest first. With `force index` MySQL does not first look at the index to guess what the
// query costs: to guess took ten times as long as to read.
const EVERYONE = {
  older: `
    select message_id as messageId
    from message force index (primary)
    where message_id < :cursor and :isPrimary
    order by message_id desc
    limit :limit`,
  newer: `
    select message_id as messageId
    from message force index (primary)
    where message_id > :cursor and :isPrimary
    order by message_id
    limit :limit`,
};

const ONE_AUTHOR = {
  older: `
    select message_id as messageId
    from message force index (author)
    where author_id = :authorId and message_id < :cursor and :isPrimary
    order by message_id desc
    limit :limit`,
  newer: `
    select message_id as messageId
    from message force index (author)
    where author_id = :authorId and message_id > :cursor and :isPrimary
    order by message_id
    limit :limit`,
};

// In no order, so that it ends at its limit instead of reading all that these authors have ever written.
const AUTHORS_WITHIN = `
  select message_id as messageId
  from message force index (author)
  where author_id in (:authorIds) and message_id between :low and :high and :isPrimary
  limit :limit`;

/** The timelines in this database. */
export function createTimelines(database: Database, profiles: Profiles): Timelines {
  async function read(
    sql: string,
    parameters: Record<string, number | number[]>,
  ): Promise<number[]> {
    const rows = await database.select<{ messageId: number }>(sql, { limit: LIMIT, ...parameters });
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
   * Looks for a page in a window of ids. How wide it has to be depends on how much these authors wrote at
   * that time: at first it is twice as wide as what the newest page spans. Any window that was read to its
   * end and has a page has the right one.
   */
  async function readBesideCursor(readerId: number, { direction, than }: NonNullable<Cursor>) {
    const isOlder = direction === 'older';
    const [authorIds, newest] = await Promise.all([
      listAuthors(readerId),
      profiles.listNewestForReader(readerId),
    ]);
    if (newest.length < LIMIT) return newest.filter((id) => (isOlder ? id < than : id > than));
    const [last = 0, first = 0] = [newest[0], newest.at(-1)];
    const from = isOlder ? Math.min(than - 1, last) : than + 1;
    let tooNarrow = 0;
    let tooWide = Infinity;
    for (let width = 2 * (last - first); ; width = between(tooNarrow, tooWide)) {
      const low = isOlder ? Math.max(from - width, 1) : from;
      const high = isOlder ? from : Math.min(from + width, last);
      const ids = await read(AUTHORS_WITHIN, { authorIds, low, high, limit: WINDOW_LIMIT });
      const isAll = isOlder ? low === 1 : high === last;
      if (ids.length === WINDOW_LIMIT) tooWide = width;
      else if (ids.length < LIMIT && !isAll) tooNarrow = width;
      else return isOlder ? ids.slice(0, LIMIT) : ids.slice(-LIMIT);
    }
  }

  // what everybody reads is read once for all who want it at the time
  const readNewest = batchReads<null, number[]>(async () => [
    await read(EVERYONE.older, { cursor: Number.MAX_SAFE_INTEGER }),
  ]);

  return {
    listPublic: (from) =>
      listPage((cursor) => {
        if (cursor === null) return readNewest(null);
        return read(EVERYONE[cursor.direction], { cursor: cursor.than });
      }, from),

    listByAuthor: ({ userId, newestIds }, from) =>
      listPage(async (cursor) => {
        if (cursor === null) return newestIds;
        return read(ONE_AUTHOR[cursor.direction], { authorId: userId, cursor: cursor.than });
      }, from),

    listForReader: (readerId, from) =>
      listPage(
        (cursor) =>
          cursor === null
            ? profiles.listNewestForReader(readerId)
            : readBesideCursor(readerId, cursor),
        from,
      ),
  };
}

/** Makes a page of what `read` gives: as many ids as fit, and one more if there is one. */
async function listPage(
  read: (cursor: Cursor) => Promise<number[]>,
  cursor: Cursor,
): Promise<Page> {
  const ids = await read(cursor);
  const isLast = ids.length <= PAGE_SIZE;
  const isNewer = cursor?.direction === 'newer';
  // Whoever comes back to the newest messages wants the newest page, full.
  if (isNewer && isLast) return listPage(read, null);
  return {
    messageIds: isNewer ? ids.slice(-PAGE_SIZE) : ids.slice(0, PAGE_SIZE),
    hasOlder: isNewer || !isLast,
    // true of any page that was linked, and one query less than to find out
    hasNewer: cursor !== null,
  };
}

/** The width to try next; one id more or less cannot make a window too wide that was too narrow. */
function between(tooNarrow: number, tooWide: number): number {
  if (tooWide === Infinity) return tooNarrow * STEP;
  return Math.floor(tooNarrow === 0 ? tooWide / STEP : Math.sqrt(tooNarrow * tooWide));
}
