import type { Database, Statements } from '../database/database.ts';
import { shareReads } from '../database/shared-reads.ts';
import type { FollowCounts } from './followers.ts';
import { exactly, type User } from './users.ts';

/** A person as their page shows them. */
export interface Profile extends User, FollowCounts {
  /** Their newest messages, newest first: as many as fit a page, and one more. */
  newestIds: number[];
}

/**
 * The table `profile`: what would have to be counted and collected for each page. It holds what the tables
 * `follower` and `message` say and cannot be wrong, because whoever changes those calls one of the functions
 * below in the same transaction, where a row's lock lets one after the other write it.
 */
export interface Profiles {
  findProfile(username: string): Promise<Profile | null>;
  /** The newest messages of a person and of all whom that person follows, as many as above. */
  listNewestForReader(readerId: number): Promise<number[]>;
}

/** How many of a person's newest messages a profile knows. */
export const NEWEST_IDS = 31;

/** The profiles in this database. */
export function createProfiles(database: Database): Profiles {
  return {
    findProfile: shareReads(async (username) => {
      const rows = await database.select<Omit<Profile, 'newestIds'> & { newestIds: string }>(
        `select user.user_id as userId, user.username, user.email,
           profile.followers, profile.following, profile.newest_ids as newestIds
         from user
         join profile on profile.user_id = user.user_id
         where user.username = :username`,
        { username },
      );
      const found = exactly(username, rows);
      return found && { ...found, newestIds: readIds(found.newestIds) };
    }),

    async listNewestForReader(readerId) {
      // Whoever is not among as many as have written last has nothing on the page.
      const rows = await database.select<{ newestIds: string }>(
        `select profile.newest_ids as newestIds
         from (
           select whom_id as author_id from follower where who_id = :readerId
           union all
           select :readerId
         ) as author
         join profile on profile.user_id = author.author_id
         where profile.newest_id > 0
         order by profile.newest_id desc
         limit :limit`,
        { readerId, limit: NEWEST_IDS },
      );
      return mergeNewest(rows.map(({ newestIds }) => newestIds));
    },
  };
}

/** The newest of several lists; that with the newest of all comes first. */
function mergeNewest(lists: string[]): number[] {
  // each of the others has one that is newer than this
  const bound = lists.length === NEWEST_IDS ? Number.parseInt(lists.at(-1) ?? '') : 0;
  return lists
    .flatMap((list) => readIds(list, bound))
    .toSorted((a, b) => b - a)
    .slice(0, NEWEST_IDS);
}

/** The ids of a list, down to a bound: most lists are read no further than their first. */
function readIds(list: string, bound = 0): number[] {
  const ids: number[] = [];
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

/** To be called when somebody has registered. */
export async function addProfile(transaction: Statements, userId: number): Promise<void> {
  await transaction.change('insert into profile (user_id) values (:userId)', { userId });
}

/** To be called when somebody has followed somebody (1), or has stopped to (-1). */
export async function addToFollowCounts(
  transaction: Statements,
  { whoId, whomId, change }: { whoId: number; whomId: number; change: 1 | -1 },
): Promise<void> {
  // in the order of the key, so that two who follow each other do not wait for each other
  await transaction.change(
    `update profile
     set followers = followers + if(user_id = :whomId, :change, 0),
       following = following + if(user_id = :whoId, :change, 0)
     where user_id in (:whoId, :whomId)`,
    { whoId, whomId, change },
  );
}

/** To be called when a message has been stored. */
export async function addNewestId(
  transaction: Statements,
  authorId: number,
  messageId: number,
): Promise<void> {
  const { affectedRows } = await transaction.change(
    `update profile
     set newest_ids = trim(trailing ',' from
         concat(:messageId, ',', substring_index(newest_ids, ',', :others))),
       newest_id = :messageId
     where user_id = :authorId and newest_id < :messageId`,
    { authorId, messageId, others: NEWEST_IDS - 1 },
  );
  // the author has sent two at once, and the other was stored first, with a higher id
  if (affectedRows === 0) await collectNewestIds(transaction, authorId);
}

/** To be called when a message has been deleted. */
export async function collectNewestIds(transaction: Statements, authorId: number): Promise<void> {
  // from here on nobody else writes this profile, and whoever did has committed the messages as well
  await transaction.select('select 1 from profile where user_id = :authorId for update', {
    authorId,
  });
  const rows = await transaction.select<{ messageId: number }>(
    `select message_id as messageId
     from message
     where author_id = :authorId
     order by message_id desc
     limit :limit`,
    { authorId, limit: NEWEST_IDS },
  );
  const ids = rows.map(({ messageId }) => messageId);
  await transaction.change(
    `update profile
     set newest_ids = :newestIds, newest_id = :newestId
     where user_id = :authorId`,
    { authorId, newestIds: ids.join(','), newestId: ids[0] ?? 0 },
  );
}
