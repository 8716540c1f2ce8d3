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
  /** Stores a new session; the same again prolongs it. */
  saveSession(sessionId: string, userId: number, expiresS: number): Promise<void>;
  /** Prolongs a session; one that is gone stays gone. */
  extendSession(sessionId: string, expiresS: number): Promise<void>;
  deleteSession(sessionId: string): Promise<void>;
  /** How many have not expired by `nowS`. */
  countSessions(nowS: number): Promise<number>;
  /** Deletes up to `limit` sessions that have expired by `nowS`; gives how many those were. */
  deleteExpiredSessions(nowS: number, limit: number): Promise<number>;
}

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

  return {
    async findSession(sessionId, nowS) {
      const session = await readSession(sessionId);
      return session && session.expiresS > nowS ? session : null;
    },

    async saveSession(sessionId, userId, expiresS) {
      await database.change(
        `insert into session (session_id, user_id, expires_s)
         values (:sessionId, :userId, :expiresS)
         on duplicate key update expires_s = :expiresS`,
        { sessionId, userId, expiresS },
      );
    },

    async extendSession(sessionId, expiresS) {
      await database.change(
        `update session
         set expires_s = :expiresS
         where session_id = :sessionId`,
        { sessionId, expiresS },
      );
    },

    async deleteSession(sessionId) {
      await database.change(
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
      const { affectedRows } = await database.change(
        `delete from session
         where expires_s <= :nowS
         limit :limit`,
        { nowS, limit },
      );
      return affectedRows;
    },
  };
}
