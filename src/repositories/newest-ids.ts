import { type ListedId, toMessageId } from './listed-ids.ts';

/**
 * Appends the listed ids of `profile.newest_ids`, a comma-separated list, newest first, down to a bound.
 * @returns the array `ids`
 */
export function appendNewestIds(ids: ListedId[], list: string, bound = 0): ListedId[] {
  for (let start = 0; start < list.length;) {
    const comma = list.indexOf(',', start);
    const end = comma === -1 ? list.length : comma;
    const id = Number(list.slice(start, end));
    if (toMessageId(id) < bound) break;
    ids.push(id);
    start = end + 1;
  }
  return ids;
}
