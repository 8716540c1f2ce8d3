/** Selects a page of a timeline: the page before or after a message id, or the newest page if it is null. */
export type Cursor = { before: number } | { after: number } | null;

/** A page of a timeline. */
export interface Page {
  /** The ids of its messages, newest first. */
  messageIds: number[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** The number of messages on a page, as in the original MiniTwit. */
export const PAGE_SIZE = 30;

/** The number of ids that a query for a page reads. The last one shows whether there is another page. */
export const PAGE_QUERY_LIMIT = PAGE_SIZE + 1;
