import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import { findExactUsername } from './exact-username.ts';
import { PAGE_QUERY_LIMIT } from './page.ts';
import type { User } from './users.ts';

/** A user, with what the user's page shows. */
export interface Profile extends User {
  /** The number of users that follow this user. */
  followers: number;
  /** The number of users that this user follows. */
  following: number;
  /** The user's newest messages, newest first, at most PAGE_QUERY_LIMIT. */
  newestIds: number[];
}

/**
 * Reads the table `profile`, which has counts and message ids that would take long to compute for each page.
 * `profile-updates.ts` writes it.
 */
export interface Profiles {
  findProfile(username: string): Promise<Profile | null>;
  /**
   * Lists the newest messages of a user and of all users that the user follows, newest first, at most
   * PAGE_QUERY_LIMIT.
   */
  listHomeTimelineIds(readerId: number): Promise<number[]>;
}

/** Creates the profiles of a database. */
export function createProfiles(database: Database): Profiles {
  return {
    findProfile: batchReads(async (usernames) => {
      const rows = await database.select<Omit<Profile, 'newestIds'> & { newestIds: string }>(
        `select user.user_id as userId, user.username, user.email,
           profile.followers, profile.following, profile.newest_ids as newestIds
         from user
         join profile on profile.user_id = user.user_id
         where user.username in (:usernames) and :isPrimary`,
        { usernames },
      );
      return usernames.map((username) => {
        const found = findExactUsername(username, rows);
        return found && { ...found, newestIds: appendIds([], found.newestIds, 0) };
      });
    }),

    listHomeTimelineIds: batchReads(async (readerIds) => {
      // At most PAGE_QUERY_LIMIT authors have a message on the page, and these are the authors who posted last.
      const rows = await database.select<NewestOfAuthor & { readerId: number }>(
        `select readerId, newestId, newestIds
         from (
           select author.reader_id as readerId,
             profile.newest_id as newestId, profile.newest_ids as newestIds,
             row_number() over (
               partition by author.reader_id order by profile.newest_id desc
             ) as place
           from (
             select who_id as reader_id, whom_id as author_id
             from follower
             where who_id in (:readerIds) and whom_id <> who_id
             union all
             select user_id, user_id
             from profile
             where user_id in (:readerIds)
           ) as author
           join profile on profile.user_id = author.author_id
           where profile.newest_id > 0
         ) as numbered
         where place <= :limit and :isPrimary`,
        { readerIds, limit: PAGE_QUERY_LIMIT },
      );
      const authors = new Map<number, NewestOfAuthor[]>(readerIds.map((id) => [id, []]));
      for (const row of rows) authors.get(row.readerId)?.push(row);
      return Array.from(authors.values(), mergeNewest);
    }),
  };
}

interface NewestOfAuthor {
  newestId: number;
  newestIds: string;
}

/** Returns the newest message ids of several authors, newest first. */
function mergeNewest(authors: NewestOfAuthor[]): number[] {
  // Each of these authors has a message at least this new, so an older one cannot be on the page.
  const bound =
    authors.length === PAGE_QUERY_LIMIT ? Math.min(...authors.map(({ newestId }) => newestId)) : 0;
  const ids: number[] = [];
  for (const { newestIds } of authors) appendIds(ids, newestIds, bound);
  return ids.toSorted((a, b) => b - a).slice(0, PAGE_QUERY_LIMIT);
}

/** Appends the ids of a comma-separated list, newest first, down to a bound. Of most lists, it parses one id. */
function appendIds(ids: number[], list: string, bound: number): number[] {
  for (let start = 0; start < list.length;) {
    const comma = list.indexOf(',', start);
    const end = comma === -1 ? list.length : comma;
    const id = Number(list.slice(start, end));
    if (id < bound) break;
    ids.push(id);
    start = end + 1;
  }
  return ids;
}
