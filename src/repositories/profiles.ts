import { batchReads } from '../database/batches.ts';
import type { Database, Statements } from '../database/database.ts';
import { AppError } from '../errors/app-error.ts';
import { exactly } from './exact-username.ts';
import { PAGE_SIZE } from './timelines.ts';
import type { User } from './users.ts';

/** A person as their page shows them. */
export interface Profile extends User {
  /** How many people read this person, and how many this person reads. */
  followers: number;
  following: number;
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

/** How many of a person's newest messages a profile knows: a page, and one that tells whether there are more. */
export const NEWEST_IDS = PAGE_SIZE + 1;

/** The most users that a user can follow: reading a home timeline takes a row for each of them. */
export const FOLLOWING_MAX = 7500;

const FOLLOWING_FULL = `You follow ${FOLLOWING_MAX.toLocaleString('en')} people, which is the most that MiniTwit allows. Unfollow one of them first.`;
const LACKING = 'Somebody has no profile. It is made by: npm run initdb -- --if-missing';

/** The profiles in this database. */
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
        const found = exactly(username, rows);
        return found && { ...found, newestIds: addIds([], found.newestIds, 0) };
      });
    }),

    listNewestForReader: batchReads(async (readerIds) => {
      // Of the authors whom somebody reads, who is not among as many as have written last has nothing on
      // the page.
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
        { readerIds, limit: NEWEST_IDS },
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

/** The newest of several authors' newest messages. */
function mergeNewest(authors: NewestOfAuthor[]): number[] {
  // each of as many has one that is as new as this
  const bound =
    authors.length === NEWEST_IDS ? Math.min(...authors.map(({ newestId }) => newestId)) : 0;
  const ids: number[] = [];
  for (const { newestIds } of authors) addIds(ids, newestIds, bound);
  return ids.toSorted((a, b) => b - a).slice(0, NEWEST_IDS);
}

/** Adds the ids of a list, down to a bound: most lists are read no further than their first. */
function addIds(ids: number[], list: string, bound: number): number[] {
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

/**
 * Changes the counts of two users after one has followed the other (1) or unfollowed them (-1).
 * @throws AppError `forbidden` if the user follows as many as allowed: then the transaction must roll back. The
 *   row's lock makes parallel follows of one user count one after the other.
 */
export async function addToFollowCounts(
  transaction: Statements,
  { whoId, whomId, change }: { whoId: number; whomId: number; change: 1 | -1 },
): Promise<void> {
  // in the order of the key, so that two who follow each other do not wait for each other
  const { affectedRows } = await transaction.change(
    `update profile
     set followers = followers + if(user_id = :whomId, :change, 0),
       following = following + if(user_id = :whoId, :change, 0)
     where user_id in (:whoId, :whomId)
       and (user_id <> :whoId or :change < 0 or following < :max)`,
    { whoId, whomId, change, max: FOLLOWING_MAX },
  );
  if (affectedRows === new Set([whoId, whomId]).size) return;
  const [profile] = await transaction.select<{ following: number }>(
    `select following
     from profile
     where user_id = :whoId
     for update`,
    { whoId },
  );
  if (change === 1 && profile && profile.following >= FOLLOWING_MAX) {
    throw new AppError('forbidden', FOLLOWING_FULL);
  }
  throw new Error(LACKING);
}

/** To be called when messages have been stored; the oldest comes first. */
export async function addNewestIds(
  transaction: Statements,
  messages: { authorId: number; messageId: number }[],
): Promise<void> {
  const newest = new Map<number, number[]>();
  for (const { authorId, messageId } of messages) {
    newest.set(authorId, [messageId, ...(newest.get(authorId) ?? [])]);
  }
  // In the order of the key, so that nobody who waits for a profile has one that its owner waits for. The
  // statement keeps this order, and reads no other profile, which would lock it.
  const changes = Array.from(newest)
    .toSorted(([a], [b]) => a - b)
    .map(([authorId, ids]) => ({
      authorId,
      ids: ids.join(','),
      newestId: ids[0],
      oldestId: ids.at(-1),
    }));
  const { affectedRows } = await transaction.change(
    `update json_table(:changes, '$[*]' columns (
       author_id int unsigned path '$.authorId',
       ids text path '$.ids',
       newest_id bigint unsigned path '$.newestId',
       oldest_id bigint unsigned path '$.oldestId'
     )) as fresh
     straight_join profile force index (primary)
       on profile.user_id = fresh.author_id and profile.newest_id < fresh.oldest_id
     set profile.newest_ids = substring_index(
         trim(trailing ',' from concat(fresh.ids, ',', profile.newest_ids)), ',', :limit
       ),
       profile.newest_id = fresh.newest_id`,
    { changes: JSON.stringify(changes), limit: NEWEST_IDS },
  );
  if (affectedRows === changes.length) return;
  // An author has sent two at once, and the other was stored first, with a higher id. All these profiles are
  // locked by now, and so what is collected for one is not old when the next one's turn comes.
  for (const { authorId } of changes) await collectNewestIds(transaction, authorId);
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
  const { affectedRows } = await transaction.change(
    `update profile
     set newest_ids = :newestIds, newest_id = :newestId
     where user_id = :authorId`,
    { authorId, newestIds: ids.join(','), newestId: ids[0] ?? 0 },
  );
  if (affectedRows === 0) throw new Error(LACKING);
}
