import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';

/** A session of a user. It expires at `expiresS` (seconds since 1970), unless it is extended. */
export interface StoredSession {
  userId: number;
  username: string;
  expiresS: number;
}

/** Reads and writes the table `session`, which has a row for each browser that is logged in. */
export interface Sessions {
  /** Returns null if the session does not exist or has expired by `nowS` (seconds since 1970). */
  findSession(sessionId: string, nowS: number): Promise<StoredSession | null>;
  /**
   * Stores a session, or extends it if it exists. If the user has more than 20 sessions then, those that expire first
   * are deleted.
   */
  saveSession(sessionId: string, userId: number, expiresS: number): Promise<void>;
  /** Extends a session. Does nothing if it does not exist. */
  extendSession(sessionId: string, expiresS: number): Promise<void>;
  deleteSession(sessionId: string): Promise<void>;
  /** Returns the number of sessions that have not expired by `nowS`. */
  countSessions(nowS: number): Promise<number>;
  /** Deletes up to `limit` sessions that have expired by `nowS`. Returns their number. */
  deleteExpiredSessions(nowS: number, limit: number): Promise<number>;
}

const SESSIONS_PER_USER = 20;
// A user may have more sessions from a version without this limit. Later logins delete the others.
const DELETED_PER_LOGIN = 500;

/** Creates the sessions of a database. */
export function createSessions(database: Database): Sessions {
  const readSession = batchReads(
    async (sessionIds: string[]): Promise<(StoredSession | null)[]> => {
      const rows = await database.select<StoredSession & { sessionId: string }>(
        `select session.session_id as sessionId, user.user_id as userId, user.username,
         session.expires_s as expiresS
       from session
       join user on user.user_id = session.user_id
       where session.session_id in (:sessionIds) and :isPrimary`,
        { sessionIds },
      );
      const byId = new Map(rows.map(({ sessionId, ...session }) => [sessionId, session]));
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

  return {
    async findSession(sessionId, nowS) {
      const session = await readSession(sessionId);
      return session && session.expiresS > nowS ? session : null;
    },

    async saveSession(sessionId, userId, expiresS) {
      await database.execute(
        `insert into session (session_id, user_id, expires_s)
         values (:sessionId, :userId, :expiresS)
         on duplicate key update expires_s = :expiresS`,
        { sessionId, userId, expiresS },
      );
      await deleteOldest(userId, sessionId);
    },

    async extendSession(sessionId, expiresS) {
      await database.execute(
        `update session
         set expires_s = :expiresS
         where session_id = :sessionId`,
        { sessionId, expiresS },
      );
    },

    async deleteSession(sessionId) {
      await database.execute(
        `delete from session
         where session_id = :sessionId`,
        { sessionId },
      );
    },

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
