/**
 * The id of a message in the list of a page. It is negative if a moderator has hidden the message. A message
 * therefore has two entries in each cache, while it is hidden and otherwise, and neither entry is ever stale.
 */
export type ListedId = number;

/** The columns of `message` that a list needs. */
export interface ListedRow {
  messageId: number;
  isHidden: 0 | 1;
}

/** Returns the listed id of a row. */
export function toListedId({ messageId, isHidden }: ListedRow): ListedId {
  return isHidden ? -messageId : messageId;
}

/** Returns the id of the message. */
export function toMessageId(listedId: ListedId): number {
  return Math.abs(listedId);
}

/** Returns whether a moderator has hidden the message. */
export function isHiddenId(listedId: ListedId): boolean {
  return listedId < 0;
}

/** Returns ids in a new array, newest message first. */
export function sortNewestFirst(listedIds: ListedId[]): ListedId[] {
  return listedIds.toSorted((a, b) => toMessageId(b) - toMessageId(a));
}
