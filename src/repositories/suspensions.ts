import type { Database } from '../database/database.ts';
import type { ReadStatements, Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { showNewestIds } from './profile-updates.ts';

/** A suspension of a user. */
export interface Suspension {
  /** Its end in seconds since 1970, by the clock of the database. Null if it has no end. */
  untilS: number | null;
}

/** A row of `hidden_author`. */
export interface HiddenAuthor extends Suspension {
  /** Whether the account is being deleted. */
  isDeleted: boolean;
  /** Whether it is a suspension whose end has passed. */
  hasEnded: boolean;
}

/** A user whose row and profile are locked. */
export interface LockedUser {
  userId: number;
  username: string;
  /** Null if the user is neither suspended nor being deleted. */
  hidden: HiddenAuthor | null;
}

/** Returns null if the user is not suspended. A suspension that has ended is lifted first. */
export async function findSuspension(
  database: Database,
  userId: number,
): Promise<Suspension | null> {
  const hidden = await findHiddenAuthor(database.writer, userId);
  if (!hidden || hidden.isDeleted) return null;
  if (!hidden.hasEnded) return { untilS: hidden.untilS };
  await liftEndedSuspension(database, userId);
  return null;
}

/** Lifts the suspension of a user if it has ended. */
export function liftEndedSuspension(database: Database, userId: number): Promise<void> {
  return database.transact(async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (user?.hidden?.hasEnded) await showAuthor(transaction, userId);
  });
}

/** Locks a user and the user's profile. Returns null if the user does not exist. */
export async function lockUser(
  transaction: Statements,
  userId: number,
): Promise<LockedUser | null> {
  const [user] = await transaction.select<{ username: string }>(
    `select user.username
     from user
     straight_join profile on profile.user_id = user.user_id
     where user.user_id = :userId
     for update`,
    { userId },
  );
  // This read locks nothing, because a step of a deletion may hold the row and wait for the user. As the first read
  // without locks, it takes the snapshot of the transaction. All posts and deletions of the user have committed by then.
  return user ? { userId, ...user, hidden: await findHiddenAuthor(transaction, userId) } : null;
}

/** Shows the messages of an author again, in a transaction that has locked the user. */
export async function showAuthor(transaction: Statements, userId: number): Promise<void> {
  await transaction.execute(
    `delete from hidden_author
     where user_id = :userId`,
    { userId },
  );
  await showNewestIds(transaction, userId);
}

/** Returns the error of a correct login of a suspended user. */
export function createSuspendedError({ untilS }: Suspension): AppError {
  const end = untilS === null ? '' : ` until ${formatMinute(untilS)}`;
  return new AppError('forbidden', `Your account is suspended${end}.`);
}

/** Formats a time in seconds since 1970 to the minute: `2026-11-23 08:40 UTC`. */
function formatMinute(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

async function findHiddenAuthor(
  statements: ReadStatements,
  userId: number,
): Promise<HiddenAuthor | null> {
  const [row] = await statements.select<{
    untilS: number | null;
    isDeleted: number;
    hasEnded: number | null;
  }>(
    `select until_s as untilS, is_deleted as isDeleted, until_s <= unix_timestamp() as hasEnded
     from hidden_author
     where user_id = :userId and :isPrimary`,
    { userId },
  );
  if (!row) return null;
  return { untilS: row.untilS, isDeleted: row.isDeleted === 1, hasEnded: row.hasEnded === 1 };
}
