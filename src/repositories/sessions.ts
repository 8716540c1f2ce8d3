import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { createSuspendedError, findSuspension } from './suspensions.ts';

/** A session of a user. It expires at `expiresS` (seconds since 1970), unless it is extended. */
export interface StoredSession {
  userId: number;
  username: string;
  isModerator: boolean;
  /** Whether the user may have muted or blocked others, or may have been blocked. */
  hasUnseenAuthors: boolean;
  expiresS: number;
}

/** A session that a login stores. */
export interface NewSession {
  sessionId: string;
  userId: number;
  /** The hash of the user's password when the login verified the user. */
  passwordHash: string;
  /** Whether the login has verified more than a password. */
  hasSecondFactor: boolean;
  /** Seconds since 1970. */
  expiresS: number;
  /** The browser and the operating system in words. Empty if unknown. */
  browser: string;
}

/** A session in the list of a user. */
export type ListedSession = Pick<NewSession, 'sessionId' | 'expiresS' | 'browser'>;

/** Reads and writes the table `session`, which has a row for each browser that is logged in. */
export interface Sessions {
  /** Returns null if the session does not exist or has expired by `nowS` (seconds since 1970). */
  findSession(sessionId: string, nowS: number): Promise<StoredSession | null>;
  /** Lists the sessions of a user that have not expired by `nowS`, the last used first. */
  listSessions(userId: number, nowS: number): Promise<ListedSession[]>;
  /**
   * Stores a session. If the user has more than 20 sessions then, those that expire first are deleted. Returns false,
   * and stores nothing, if the user's password is no longer the verified one, if the user's login needs a second factor
   * that the login has not verified, or if the account was deleted.
   * @throws AppError `forbidden` if the user is suspended
   */
  saveSession(session: NewSession): Promise<boolean>;
  /** Extends a session, and updates its browser. Does nothing if it does not exist. */
  extendSession(session: ListedSession): Promise<void>;
  deleteSession(sessionId: string): Promise<void>;
  /** Deletes the sessions of a user, except one. */
  deleteOtherSessions(userId: number, sessionId: string): Promise<void>;
  /** Returns the number of sessions that have not expired by `nowS`. */
  countSessions(nowS: number): Promise<number>;
  /** Deletes up to `limit` sessions that have expired by `nowS`. Returns their number. */
  deleteExpiredSessions(nowS: number, limit: number): Promise<number>;
}

type StoredSessionRow = Omit<StoredSession, 'isModerator' | 'hasUnseenAuthors'> & {
  sessionId: string;
  isModerator: 0 | 1;
  hasUnseenAuthors: 0 | 1;
};

const SESSIONS_PER_USER = 20;
// A user may have more sessions from a version without this limit. Later logins delete the others.
const DELETED_PER_LOGIN = 500;

/**
 * Checks a session in the transaction that has locked its user.
 * @throws AppError `unauthenticated` if the session has ended
 */
export async function assertSession(
  transaction: Statements,
  userId: number,
  sessionId: string,
): Promise<void> {
  const rows = await transaction.select(
    `select 1
     from session
     where session_id = :sessionId and user_id = :userId`,
    { sessionId, userId },
  );
  if (rows.length > 0) return;
  throw new AppError('unauthenticated', 'Your session has ended. Please sign in again.');
}

/** Deletes all sessions of a user, in the transaction that changes the user's password or hides the user. */
export async function deleteAllSessions(transaction: Statements, userId: number): Promise<void> {
  await transaction.execute(
    `delete from session
     where user_id = :userId`,
    { userId },
  );
}

/** Deletes the sessions of a user, except one. */
export async function deleteOtherSessions(
  statements: Statements,
  userId: number,
  sessionId: string,
): Promise<void> {
  await statements.execute(
    `delete from session
     where user_id = :userId and session_id <> :sessionId`,
    { userId, sessionId },
  );
}

/** Creates the sessions of a database. */
export function createSessions(database: Database): Sessions {
  const readSession = batchReads(
    async (sessionIds: string[]): Promise<(StoredSession | null)[]> => {
      const rows = await database.select<StoredSessionRow>(
        `select session.session_id as sessionId, user.user_id as userId, user.username,
         user.is_moderator as isModerator, user.has_unseen_authors as hasUnseenAuthors,
         session.expires_s as expiresS
       from session
       join user on user.user_id = session.user_id
       where session.session_id in (:sessionIds) and :isPrimary`,
        { sessionIds },
      );
      const byId = new Map(
        rows.map(({ sessionId, isModerator, hasUnseenAuthors, ...session }) => [
          sessionId,
          {
            ...session,
            isModerator: isModerator === 1,
            hasUnseenAuthors: hasUnseenAuthors === 1,
          },
        ]),
      );
      return sessionIds.map((sessionId) => byId.get(sessionId) ?? null);
    },
  );

  /**
   * Deletes the sessions above the limit, except the one that was just stored. Of concurrent logins, the last one
   * reads the sessions of all others, so the limit holds after it. A session less than the limit may be left, if the
   * logins chose different ones. The read locks no row, and the delete locks rows in the order of the key, so
   * concurrent logins do not deadlock.
   */
  async function deleteOldest(userId: number, sessionId: string): Promise<void> {
    const rows = await database.select<{ oldId: string }>(
      `select session_id as oldId
       from session
       where user_id = :userId and session_id <> :sessionId and :isPrimary
       order by expires_s desc, session_id desc
       limit :limit offset :retained`,
      { userId, sessionId, limit: DELETED_PER_LOGIN, retained: SESSIONS_PER_USER - 1 },
    );
    if (rows.length === 0) return;
    await database.execute(
      `delete from session
       where session_id in (:oldIds)`,
      { oldIds: rows.map(({ oldId }) => oldId) },
    );
  }

  async function storeSession(session: NewSession): Promise<boolean> {
    // The lock of the user makes the statement wait for a transaction that changes the password, turns on a second
    // factor or hides the user, and reads the new rows then. A later change deletes the stored session.
    const { affectedRows } = await database.execute(
      `insert into session (session_id, user_id, expires_s, browser)
       select :sessionId, user.user_id, :expiresS, :browser
       from user
       straight_join profile on profile.user_id = user.user_id and not profile.is_hidden
       where user.user_id = :userId and user.pw_hash = :passwordHash and (
         :hasSecondFactor or not exists (select 1 from totp where totp.user_id = user.user_id)
       )
       lock in share mode`,
      { ...session, hasSecondFactor: Number(session.hasSecondFactor) },
    );
    return affectedRows > 0;
  }

  return {
    async findSession(sessionId, nowS) {
      const session = await readSession(sessionId);
      return session && session.expiresS > nowS ? session : null;
    },

    listSessions: (userId, nowS) =>
      database.select<ListedSession>(
        `select session_id as sessionId, expires_s as expiresS, browser
         from session
         where user_id = :userId and expires_s > :nowS and :isPrimary
         order by expires_s desc, session_id desc`,
        { userId, nowS },
      ),

    async saveSession(session) {
      if (!(await storeSession(session))) {
        const suspension = await findSuspension(database, session.userId);
        if (suspension) throw createSuspendedError(suspension);
        // A suspension that has ended was lifted just now.
        if (!(await storeSession(session))) return false;
      }
      await deleteOldest(session.userId, session.sessionId);
      return true;
    },

    async extendSession(session) {
      await database.execute(
        `update session
         set expires_s = :expiresS, browser = :browser
         where session_id = :sessionId`,
        { ...session },
      );
    },

    async deleteSession(sessionId) {
      await database.execute(
        `delete from session
         where session_id = :sessionId`,
        { sessionId },
      );
    },

    deleteOtherSessions: (userId, sessionId) => deleteOtherSessions(database, userId, sessionId),

    async countSessions(nowS) {
      const [row] = await database.select<{ total: number }>(
        `select count(*) as total
         from session
         where expires_s > :nowS and :isPrimary`,
        { nowS },
      );
      return row?.total ?? 0;
    },

    async deleteExpiredSessions(nowS, limit) {
      const { affectedRows } = await database.execute(
        `delete from session
         where expires_s <= :nowS
         limit :limit`,
        { nowS, limit },
      );
      return affectedRows;
    },
  };
}
