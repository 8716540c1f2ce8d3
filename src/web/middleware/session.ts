import type { Express, Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { Sessions } from '../../repositories/sessions.ts';
import { type Login, SESSION_COOKIE } from './login.ts';
import { createOpenSession } from './open-session.ts';
import { type CookieConfig, type CookieRule, createCookieRule } from './secure-cookies.ts';
import { createdAtS } from './session-id.ts';
import { findNewExpiryS, isTooOld, LIFETIME_S } from './session-lifetime.ts';
import { readCookie, signCookie, verifyCookie } from './signed-cookies.ts';
import { formatBrowser } from './user-agent.ts';

declare global {
  namespace Express {
    interface Request {
      /** The login, and null without one. Missing before the session has been read. */
      login?: Login | null;
      /** Sets `req.session` of express-session, which creates and ends sessions. */
      openSession: () => Promise<void>;
    }
  }
}

const VERIFIED_MAX_BYTES = 4 * 1024 * 1024;
// The memory of an entry without its characters.
const VERIFIED_ENTRY_BYTES = 120;

/**
 * Adds sessions to an application: reads the login of each request. A session is stored at the login, expires after 30
 * days without use and 180 days after the login, and is extended at most once an hour. Express-session runs only in
 * requests that create or end a session, because it takes as long as all else of a page.
 */
export function addSessions(app: Express, sessions: Sessions, config: CookieConfig): void {
  const rule = createCookieRule(SESSION_COOKIE, config);
  const secrets = config.sessionSecrets;
  // The session ids of cookies, by their signed values. An entry cannot be wrong, because a signature is valid as long as
  // the secrets are the same, and it proves no login: the session is read for each request.
  const verified = new LRUCache<string, string>({
    maxSize: VERIFIED_MAX_BYTES,
    sizeCalculation: (id, signed) => VERIFIED_ENTRY_BYTES + id.length + signed.length,
  });

  function findSessionId(req: Request): string | null {
    if (!req.headers.cookie) return null;
    if (rule.isSecure(req)) req.headers.cookie = renameLegacyCookie(req.headers.cookie, rule);
    const signed = readCookie(req, rule.nameFor(req));
    if (signed === null) return null;
    let sessionId = verified.get(signed) ?? null;
    if (sessionId === null) {
      sessionId = verifyCookie(signed, secrets);
      if (sessionId !== null) verified.set(signed, sessionId);
    }
    return sessionId;
  }

  /** Extends a session if an hour has passed, and sends its cookie again. */
  async function extend(req: Request, res: Response, sessionId: string, expiresS: number) {
    const newExpiryS = findNewExpiryS(sessionId, expiresS, nowS());
    if (newExpiryS === null) return;
    const browser = formatBrowser(req.get('user-agent'));
    try {
      await sessions.extendSession({ sessionId, expiresS: newExpiryS, browser });
    } catch {
      // The next request extends the session.
      return;
    }
    const attributes = { ...rule.attributesFor(req), maxAge: LIFETIME_S * 1000 };
    // With `COOKIE_SECURE=always`, a client may send the cookie over http.
    if (attributes.secure && !req.secure) return;
    res.cookie(rule.nameFor(req), signCookie(sessionId, secrets[0] ?? ''), attributes);
  }

  app.request.openSession = createOpenSession(sessions, config);
  app.use(async (req, res, next) => {
    req.login = null;
    const sessionId = findSessionId(req);
    if (sessionId === null) return next();
    const found = await findLogin(sessions, sessionId);
    if (!found) return next();
    const { expiresS, ...user } = found;
    req.login = { sessionId, user };
    await extend(req, res, sessionId, expiresS);
    next();
  });
}

/** Finds a session that has not ended. */
async function findLogin(sessions: Pick<Sessions, 'findSession'>, sessionId: string) {
  const found = await sessions.findSession(sessionId, nowS());
  return found && !isTooOld(sessionId, nowS()) ? found : null;
}

/**
 * Returns a Cookie header in which the session cookie of MiniTwit 1.5 or earlier, which has no `__Host-` over https, is
 * renamed. Such a session expires within 30 days after the update. A cookie without `__Host-` that contains a newer
 * session is not renamed: another host of the domain or an attacker on plain http may have set it. The pattern matches
 * an id without encoded characters only, because express-session decodes the id, and both must read the same one.
 */
function renameLegacyCookie(cookies: string, { plainName, hostName }: CookieRule): string {
  if (cookies.includes(`${hostName}=`)) return cookies;
  const cookie = new RegExp(String.raw`(^|; *)${plainName}=(?=s%3A([\w-]+)\.)`);
  return cookies.replace(cookie, (found: string, separator: string, id: string) =>
    createdAtS(id, nowS()) === null ? `${separator}${hostName}=` : found,
  );
}

/**
 * Returns a function that removes the session cookie from the browser, and also the cookie of MiniTwit 1.5 or earlier.
 */
export function createClearSessionCookie(
  config: CookieConfig,
): (req: Request, res: Response) => void {
  const rule = createCookieRule(SESSION_COOKIE, config);
  return (req, res) => {
    rule.clear(req, res);
    if (rule.isSecure(req)) res.clearCookie(rule.plainName);
  };
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
