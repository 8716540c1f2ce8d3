import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { createAccountEndedError } from './account-ended-error.ts';
import { type ListedId, type ListedRow, toListedId, toMessageId } from './listed-ids.ts';
import { appendNewestIds } from './newest-ids.ts';
import { PAGE_QUERY_LIMIT } from './page.ts';

// Only this file writes the table `profile`, which has counts of the rows of `follower` and ids of `message`. Each
// transaction that changes one of those tables calls one of these functions. The lock of the row orders concurrent
// transactions.

/** The maximum number of users that a user can follow. A query for a home timeline reads a row for each of them. */
export const FOLLOWING_MAX = 7500;

const FOLLOWING_FULL = `You follow ${FOLLOWING_MAX.toLocaleString('en')} people, which is the most that MiniTwit allows. Unfollow one of them first.`;
const MISSING_PROFILE = 'A user has no row in the table profile. Create it with: npm run migrate';

/** Creates the profile of a new user. */
export async function addProfile(transaction: Statements, userId: number): Promise<void> {
  await transaction.execute('insert into profile (user_id) values (:userId)', { userId });
}

/**
 * Updates the counts of two users after one has followed the other (1) or unfollowed them (-1).
 * @throws AppError, and the transaction must roll back then: `forbidden` if the user already follows FOLLOWING_MAX
 *   users, `not_found` if the other user is hidden, and `unauthenticated` if the user is
 */
export async function updateFollowCounts(
  transaction: Statements,
  { whoId, whomId, change }: { whoId: number; whomId: number; change: 1 | -1 },
): Promise<void> {
  // Both rows are locked in the order of the primary key, so that two users who follow each other cannot deadlock.
  const { affectedRows } = await transaction.execute(
    `update profile
     set followers = followers + if(user_id = :whomId, :change, 0),
       following = following + if(user_id = :whoId, :change, 0)
     where user_id in (:whoId, :whomId)
       and (:change < 0 or not is_hidden)
       and (user_id <> :whoId or :change < 0 or following < :max)`,
    { whoId, whomId, change, max: FOLLOWING_MAX },
  );
  if (affectedRows === new Set([whoId, whomId]).size) return;
  if (change === 1) await assertCanFollow(transaction, { whoId, whomId });
  throw new Error(MISSING_PROFILE);
}

async function assertCanFollow(
  transaction: Statements,
  { whoId, whomId }: { whoId: number; whomId: number },
): Promise<void> {
  const profiles = await transaction.select<{
    userId: number;
    following: number;
    isHidden: number;
  }>(
    `select user_id as userId, following, is_hidden as isHidden
     from profile
     where user_id in (:whoId, :whomId)
     order by user_id
     for update`,
    { whoId, whomId },
  );
  const [who, whom] = [whoId, whomId].map((id) => profiles.find(({ userId }) => userId === id));
  if (who?.isHidden) throw createAccountEndedError();
  if (whom?.isHidden) throw new AppError('not_found', 'This account is suspended or deleted.');
  if (who && who.following >= FOLLOWING_MAX) throw new AppError('forbidden', FOLLOWING_FULL);
}

/**
 * Adds new messages to the profiles of their authors. `messages` is sorted by id, oldest first.
 * @throws AppError `unauthenticated` if an author is hidden or deleted. The transaction must roll back then.
 */
export async function prependNewestIds(
  transaction: Statements,
  messages: { authorId: number; messageId: number }[],
): Promise<void> {
  const newest = new Map<number, number[]>();
  for (const { authorId, messageId } of messages) {
    newest.set(authorId, [messageId, ...(newest.get(authorId) ?? [])]);
  }
  const lists = Array.from(newest.values());
  // The index stops the statement from locking other rows. Rows are locked in the order of the primary key, so that
  // parallel transactions cannot deadlock.
  const { affectedRows } = await transaction.execute(
    `update profile force index (primary)
     set newest_ids = substring_index(
         trim(trailing ',' from concat(elt(field(user_id, :authorIds), :lists), ',', newest_ids)),
         ',',
         :limit
       ),
       newest_id = elt(field(user_id, :authorIds), :newestIds)
     where user_id in (:authorIds) and newest_id < :oldestId and not is_hidden`,
    {
      authorIds: Array.from(newest.keys()),
      lists: lists.map((ids) => ids.join(',')),
      newestIds: lists.map((ids) => ids[0] as number),
      oldestId: Math.min(...messages.map(({ messageId }) => messageId)),
      limit: PAGE_QUERY_LIMIT,
    },
  );
  if (affectedRows < newest.size) await mergeNewestIds(transaction, newest);
}

/**
 * Adds new ids to profiles that may have newer ids, because a parallel request of the same author was stored first, or
 * that already have them.
 * @throws AppError `unauthenticated` if an author is hidden or deleted
 */
async function mergeNewestIds(
  transaction: Statements,
  added: Map<number, number[]>,
): Promise<void> {
  // The profiles are read with locks, because a read without them could be older than the parallel request.
  const profiles = await transaction.select<{
    userId: number;
    newestIds: string;
    isHidden: number;
  }>(
    `select user_id as userId, newest_ids as newestIds, is_hidden as isHidden
     from profile force index (primary)
     where user_id in (:authorIds)
     order by user_id
     for update`,
    { authorIds: Array.from(added.keys()) },
  );
  const found = new Set(profiles.map(({ userId }) => userId));
  await assertDeleted(
    transaction,
    Array.from(added.keys()).filter((authorId) => !found.has(authorId)),
  );
  if (profiles.length < added.size) throw createAccountEndedError();
  for (const { userId, newestIds, isHidden } of profiles) {
    if (isHidden) throw createAccountEndedError();
    const ids = new Set([...appendNewestIds([], newestIds), ...(added.get(userId) ?? [])]);
    await setNewestIds(transaction, userId, Array.from(ids));
  }
}

/** @throws Error if one of these users without profiles exists */
async function assertDeleted(transaction: Statements, userIds: number[]): Promise<void> {
  if (userIds.length === 0) return;
  const users = await transaction.select(
    `select 1
     from user
     where user_id in (:userIds)
     for update`,
    { userIds },
  );
  if (users.length > 0) throw new Error(MISSING_PROFILE);
}

/** Writes the newest of the listed ids of an author, in any order, into a profile that the transaction has locked. */
async function setNewestIds(
  transaction: Statements,
  authorId: number,
  ids: ListedId[],
): Promise<void> {
  const newestIds = ids
    .toSorted((a, b) => toMessageId(b) - toMessageId(a))
    .slice(0, PAGE_QUERY_LIMIT);
  await transaction.execute(
    `update profile
     set newest_ids = :newestIds, newest_id = :newestId
     where user_id = :authorId`,
    { authorId, newestIds: newestIds.join(','), newestId: toMessageId(newestIds[0] ?? 0) },
  );
}

/**
 * Reads the newest ids of an author from `message` again, after a message was deleted, hidden or restored.
 * Returns false, and changes nothing, if the author is hidden.
 */
export async function rebuildNewestIds(
  transaction: Statements,
  authorId: number,
): Promise<boolean> {
  // With this lock, no other transaction changes the profile, and those that did have committed their messages.
  const [profile] = await transaction.select<{ isHidden: number }>(
    `select is_hidden as isHidden
     from profile
     where user_id = :authorId
     for update`,
    { authorId },
  );
  if (!profile) throw new Error(MISSING_PROFILE);
  if (profile.isHidden) return false;
  const rows = await transaction.select<ListedRow>(
    `select message_id as messageId, is_hidden as isHidden
     from message
     where author_id = :authorId
     order by message_id desc
     limit :limit`,
    { authorId, limit: PAGE_QUERY_LIMIT },
  );
  await setNewestIds(transaction, authorId, rows.map(toListedId));
  return true;
}

/** Removes the newest ids of an author from the profile, in the transaction that hides the author. */
export async function hideNewestIds(transaction: Statements, authorId: number): Promise<void> {
  await transaction.execute(
    `update profile
     set is_hidden = true, newest_ids = '', newest_id = 0
     where user_id = :authorId`,
    { authorId },
  );
}

/** Reads the newest ids of an author from `message` again, in the transaction that shows the author again. */
export async function showNewestIds(transaction: Statements, authorId: number): Promise<void> {
  await transaction.execute(
    `update profile
     set is_hidden = false
     where user_id = :authorId`,
    { authorId },
  );
  await rebuildNewestIds(transaction, authorId);
}

/** Takes 1 from a count of each of these users, after the follows between them and a deleted user were deleted. */
export async function decrementFollowCounts(
  transaction: Statements,
  userIds: number[],
  count: 'followers' | 'following',
): Promise<void> {
  const statements = {
    followers: `
      update profile force index (primary)
      set followers = followers - 1
      where user_id in (:userIds)`,
    following: `
      update profile force index (primary)
      set following = following - 1
      where user_id in (:userIds)`,
  };
  await transaction.execute(statements[count], { userIds });
}

/** Deletes the profile of a user, in the transaction that deletes the user. */
export async function deleteProfile(transaction: Statements, userId: number): Promise<void> {
  await transaction.execute(
    `delete from profile
     where user_id = :userId`,
    { userId },
  );
}
