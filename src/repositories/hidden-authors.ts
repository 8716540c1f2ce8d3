import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { type DecisionAction, recordDecision } from './audit.ts';
import { hideNewestIds } from './profile-updates.ts';
import { deleteAllSessions } from './sessions.ts';
import {
  type HiddenAuthor,
  liftEndedSuspension,
  type LockedUser,
  lockUser,
  showAuthor,
} from './suspensions.ts';

/** The moderator or operator who decides on an account, and the reason. */
export interface DecisionSource {
  /** The username of the moderator, or null for the operator. */
  actor: string | null;
  /** Up to REASON_MAX_LENGTH code points. */
  reason: string;
}

/**
 * Writes the table `hidden_author`: the suspended users, and those whose accounts are being deleted. From the commit on,
 * no page shows a message of a hidden author, and the author has no session and cannot log in, post or follow.
 */
export interface HiddenAuthors {
  /**
   * Suspends a user until a time (seconds since 1970), or without an end if it is null. Changes the end of an earlier
   * suspension. Returns false, and changes nothing, if the user does not exist or is being deleted.
   */
  suspend(userId: number, untilS: number | null, source: DecisionSource): Promise<boolean>;
  /** Ends a suspension. Returns false, and changes nothing, if the user is not suspended. */
  liftSuspension(userId: number, source: DecisionSource): Promise<boolean>;
  /** Lifts up to `limit` suspensions that have ended. Returns the number of those that it has found. */
  liftEndedSuspensions(limit: number): Promise<number>;
}

/** Creates the hidden authors of a database. */
export function createHiddenAuthors(database: Database): HiddenAuthors {
  return {
    suspend: (userId, untilS, source) =>
      database.transact(async (transaction) => {
        const user = await hideAuthor(transaction, userId, { untilS, isDeleted: false });
        if (user) await recordDecisionAbout(transaction, user, 'suspend', source);
        return user !== null;
      }),

    liftSuspension: (userId, source) =>
      database.transact(async (transaction) => {
        const user = await lockUser(transaction, userId);
        if (!user?.hidden || user.hidden.isDeleted) return false;
        await showAuthor(transaction, userId);
        await recordDecisionAbout(transaction, user, 'lift_suspension', source);
        return true;
      }),

    async liftEndedSuspensions(limit) {
      const rows = await database.writer.select<{ userId: number }>(
        `select user_id as userId
         from hidden_author
         where until_s <= unix_timestamp() and :isPrimary
         limit :limit`,
        { limit },
      );
      for (const { userId } of rows) await liftEndedSuspension(database, userId);
      return rows.length;
    },
  };
}

/**
 * Hides a user, in a transaction that decides on the account. Returns null, and changes nothing, if the user does not
 * exist or is being deleted.
 */
export async function hideAuthor(
  transaction: Statements,
  userId: number,
  { untilS, isDeleted }: Pick<HiddenAuthor, 'untilS' | 'isDeleted'>,
): Promise<LockedUser | null> {
  // A post, a follow or a login locks the same user. It either commits before, and is hidden too, or it waits and fails.
  const user = await lockUser(transaction, userId);
  if (!user || user.hidden?.isDeleted) return null;
  await transaction.execute(
    `insert into hidden_author (user_id, until_s, is_deleted)
     values (:userId, :untilS, :isDeleted)
     on duplicate key update until_s = :untilS, is_deleted = :isDeleted`,
    { userId, untilS, isDeleted: Number(isDeleted) },
  );
  await hideNewestIds(transaction, userId);
  await deleteAllSessions(transaction, userId);
  return user;
}

/** Records a decision about a user, in the transaction that carries it out. */
export function recordDecisionAbout(
  transaction: Statements,
  { userId, username }: LockedUser,
  action: DecisionAction,
  source: DecisionSource,
): Promise<void> {
  return recordDecision(transaction, { ...source, action, userId, username, messageId: null });
}
