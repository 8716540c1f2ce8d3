import type { ListedId } from './listed-ids.ts';

/** Selects a page of a timeline: the page before or after a message id, or the newest page if it is null. */
export type Cursor = { before: number } | { after: number } | null;

/** A page of a timeline. */
export interface Page {
  /** The ids of its messages, newest first. */
  readonly messageIds: readonly ListedId[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** The number of messages on a page, as in the original MiniTwit. */
export const PAGE_SIZE = 30;

/** The number of ids that a query for a page reads. The last one shows whether there is another page. */
export const PAGE_QUERY_LIMIT = PAGE_SIZE + 1;

/**
 * The queries of a timeline. Each returns at most PAGE_QUERY_LIMIT listed ids, newest first: the newest ids of all,
 * the newest ids before a message id, and the oldest ids after a message id.
 */
export interface PageQueries {
  newest: () => Promise<ListedId[]>;
  before: (messageId: number) => Promise<ListedId[]>;
  after: (messageId: number) => Promise<ListedId[]>;
}

/** Reads a page with one of its queries. A page after a cursor that is not full becomes the newest page. */
export async function readPage(cursor: Cursor, queries: PageQueries): Promise<Page> {
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
