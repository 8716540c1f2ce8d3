import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';

/** Who is logged in, and until when if they do nothing (seconds since 1970). */
export interface StoredSession {
  userId: number;
  username: string;
  expiresS: number;
}

/** The table `session`: one row for each browser that is logged in. */
export interface Sessions {
  /** null when there is no such session, or it has expired by `nowS` (seconds since 1970) */
  findSession(sessionId: string, nowS: number): Promise<StoredSession | null>;
  /**
   * Stores a new session; the same again prolongs it. If the user then has more than 20, those that were
   * prolonged least recently are deleted.
   */
  saveSession(sessionId: string, userId: number, expiresS: number): Promise<void>;
  /** Prolongs a session; one that is gone stays gone. */
  extendSession(sessionId: string, expiresS: number): Promise<void>;
  deleteSession(sessionId: string): Promise<void>;
  /** How many have not expired by `nowS`. */
  countSessions(nowS: number): Promise<number>;
  /** Deletes up to `limit` sessions that have expired by `nowS`; gives how many those were. */
  deleteExpiredSessions(nowS: number, limit: number): Promise<number>;
}

const SESSIONS_PER_USER = 20;
// Sessions of before there was a limit: the next logins delete the rest.
const DELETED_PER_LOGIN = 500;

/** The sessions in this database. */
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
   * Deletes what is beyond the limit, apart from the session that was just stored. Of several logins at the same
   * time, the last one to read sees all the others, so the limit holds after it
   * (with one session less, if the logins retained different ones). The read locks nothing, and the
   * delete locks rows in the order of the key, so that such logins do not deadlock.
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
