import type { Request } from 'express';
import type { Sessions } from '../../../repositories/sessions.ts';
import { currentSessionId, requireUser } from '../../middleware/current-user.ts';
import { createdAtS, sessionHandle } from '../../middleware/session-id.ts';
import { isTooOld, lastUsedAtS } from '../../middleware/session-lifetime.ts';

/** A session on a page. */
export interface SessionView {
  sessionId: string;
  /** Its name in addresses. */
  handle: string;
  browser: string;
  /** Seconds since 1970. Null if unknown. */
  createdS: number | null;
  usedS: number;
  isCurrent: boolean;
}

/** Lists the sessions of the user who is logged in, the last used first. */
export async function listSessionViews(sessions: Sessions, req: Request): Promise<SessionView[]> {
  const { userId } = requireUser(req);
  const nowS = Math.floor(Date.now() / 1000);
  const listed = await sessions.listSessions(userId, nowS);
  return listed
    .filter(({ sessionId }) => !isTooOld(sessionId, nowS))
    .map(({ sessionId, browser, expiresS }) => ({
      sessionId,
      handle: sessionHandle(sessionId),
      browser,
      createdS: createdAtS(sessionId, nowS),
      usedS: lastUsedAtS(expiresS),
      isCurrent: sessionId === currentSessionId(req),
    }));
}
