import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import {
  type ListedId,
  type ListedRow,
  sortNewestFirst,
  toListedId,
  toMessageId,
} from './listed-ids.ts';
import { GROUP_CONCAT_MAX_LENGTH } from '../database/session-variables.ts';
import { appendNewestIds } from './newest-ids.ts';
import { type Cursor, type Page, PAGE_QUERY_LIMIT, readPage } from './page.ts';

// The most ids that a query for a window reads. A window with more is narrowed.
const WINDOW_LIMIT = 1000;
// The growth factor of a window with too few ids, and the shrink factor of one with too many.
const GROWTH = 8;

/** Lists message ids of a user and of all users that the user follows and has not muted. */
export type ListHome = (readerId: number, cursor: Cursor) => Promise<Page>;

/**
 * Creates the home timelines of a database. The newest page comes from the table `profile`, which has the newest
 * message ids of each author. Other pages come from `message`.
 */
export function createHomeTimeline(database: Database): ListHome {
  /** Lists the newest ids for a reader. Returns null if the lists have no room in one row. */
  const readNewest = batchReads(async (readerIds: number[]) => {
    // One row for each reader: with a row for each author, the process takes up to 2.3 times as long.
    const rows = await database.select<{ readerId: number; lists: string }>(
      `select follower.who_id as readerId, group_concat(profile.newest_ids separator ' ') as lists
       from follower
       straight_join profile on profile.user_id = follower.whom_id
       where follower.who_id in (:readerIds) and follower.whom_id <> follower.who_id
         and not follower.is_muted and profile.newest_id > 0 and :isPrimary
       group by follower.who_id
       union all
       select user_id, newest_ids
       from profile
       where user_id in (:readerIds) and newest_id > 0`,
      { readerIds },
    );
    const lists = new Map<number, string[]>(readerIds.map((id) => [id, []]));
    for (const row of rows) lists.get(row.readerId)?.push(row.lists);
    return Array.from(lists.values(), (own) => {
      const isCut = own.some(({ length }) => length >= GROUP_CONCAT_MAX_LENGTH);
      return isCut ? null : mergeNewest(own.flatMap((text) => text.split(' ')));
    });
  });

  /** Lists the newest ids for a reader who follows more users than the lists of one row have room for. */
  async function listNewestOfMany(readerId: number): Promise<ListedId[]> {
    // At most PAGE_QUERY_LIMIT authors have a message on the page, and these are the authors who posted last.
    const rows = await database.select<{ newestIds: string }>(
      `select profile.newest_ids as newestIds
       from (
         select whom_id as author_id
         from follower
         where who_id = :readerId and whom_id <> who_id and not is_muted
         union all
         select user_id
         from profile
         where user_id = :readerId
       ) as author
       join profile on profile.user_id = author.author_id
       where profile.newest_id > 0 and :isPrimary
       order by profile.newest_id desc
       limit :limit`,
      { readerId, limit: PAGE_QUERY_LIMIT },
    );
    return mergeNewest(rows.map(({ newestIds }) => newestIds));
  }

  const listNewest = async (readerId: number) =>
    (await readNewest(readerId)) ?? (await listNewestOfMany(readerId));

  /** Lists a reader and the users on the reader's timeline. */
  const listAuthors = batchReads(async (readerIds: number[]) => {
    const rows = await database.select<{ readerId: number; authorId: number }>(
      `select follower.who_id as readerId, follower.whom_id as authorId
       from follower
       left join hidden_author on hidden_author.user_id = follower.whom_id
       where follower.who_id in (:readerIds) and not follower.is_muted
         and hidden_author.user_id is null and :isPrimary`,
      { readerIds },
    );
    const lists = new Map(readerIds.map((readerId) => [readerId, [readerId]]));
    for (const { readerId, authorId } of rows) lists.get(readerId)?.push(authorId);
    return Array.from(lists.values());
  });

  /** Lists ids of messages of these authors from `low` to `high`, newest first, at most WINDOW_LIMIT. */
  async function listInWindow(authorIds: number[], low: number, high: number): Promise<ListedId[]> {
    // The query has no order, so that it ends at its limit instead of reading all messages of these authors.
    const rows = await database.select<ListedRow>(
      `select message_id as messageId, is_hidden as isHidden
       from message force index (author)
       where author_id in (:authorIds) and message_id between :low and :high and :isPrimary
       limit :limit`,
      { authorIds, low, high, limit: WINDOW_LIMIT },
    );
    return sortNewestFirst(rows.map(toListedId));
  }

  /**
   * Reads a page of a home timeline in a window of ids beside the cursor. The right width depends on how often these
   * authors posted at that time. The first window is twice as wide as the newest page, and later ones are wider or
   * narrower. A window is complete if the query did not reach its limit.
   */
  async function findPageInIdWindow(readerId: number, cursor: NonNullable<Cursor>) {
    const isBefore = 'before' in cursor;
    const [authorIds, newest] = await Promise.all([listAuthors(readerId), listNewest(readerId)]);
    if (newest.length < PAGE_QUERY_LIMIT) {
      return newest.filter((id) => isInside(toMessageId(id), cursor));
    }
    const [last = 0, first = 0] = [newest[0], newest.at(-1)].map((id = 0) => toMessageId(id));
    const from = isBefore ? Math.min(cursor.before - 1, last) : cursor.after + 1;
    let tooNarrow = 0;
    let tooWide = Infinity;
    for (let width = 2 * (last - first); ; width = nextWidth(tooNarrow, tooWide)) {
      const low = isBefore ? Math.max(from - width, 1) : from;
      const high = isBefore ? from : Math.min(from + width, last);
      const ids = await listInWindow(authorIds, low, high);
      const isLastWindow = isBefore ? low === 1 : high === last;
      if (ids.length === WINDOW_LIMIT) tooWide = width;
      else if (ids.length < PAGE_QUERY_LIMIT && !isLastWindow) tooNarrow = width;
      else return isBefore ? ids.slice(0, PAGE_QUERY_LIMIT) : ids.slice(-PAGE_QUERY_LIMIT);
    }
  }

  return (readerId, cursor) =>
    readPage(cursor, {
      newest: () => listNewest(readerId),
      before: (id) => findPageInIdWindow(readerId, { before: id }),
      after: (id) => findPageInIdWindow(readerId, { after: id }),
    });
}

/** Merges the listed ids of several authors, as `newestIds` of their profiles, and returns the newest, newest first. */
function mergeNewest(lists: string[]): ListedId[] {
  // `parseInt` reads the first number of a list.
  const authors = lists
    .map((newestIds) => ({ newestIds, newestId: toMessageId(Number.parseInt(newestIds, 10)) }))
    .toSorted((a, b) => b.newestId - a.newestId);
  const newest: ListedId[] = [];
  // Once the page is full, older ids are not parsed: most authors have one or two on it, and 31 in their lists.
  let bound = 0;
  for (const { newestIds, newestId } of authors) {
    if (newestId < bound) break;
    for (const id of appendNewestIds([], newestIds, bound)) insertInOrder(newest, id);
    newest.splice(PAGE_QUERY_LIMIT);
    if (newest.length === PAGE_QUERY_LIMIT) bound = toMessageId(newest.at(-1) ?? 0);
  }
  return newest;
}

/** Inserts an id into a list, newest first. */
function insertInOrder(newest: ListedId[], id: ListedId): void {
  let place = newest.length;
  while (place > 0 && toMessageId(newest[place - 1] ?? 0) < toMessageId(id)) place--;
  newest.splice(place, 0, id);
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
