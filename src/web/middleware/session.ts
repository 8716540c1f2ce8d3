import { callbackify } from 'node:util';
import type { Request, RequestHandler, Response } from 'express';
import expressSession, { type SessionData, Store } from 'express-session';
import type { Sessions } from '../../repositories/sessions.ts';
import { SAFE_METHODS } from './cross-origin.ts';
import { type CookieConfig, type CookieRule, createCookieRule } from './secure-cookies.ts';
import { createdAtS, createSessionId } from './session-id.ts';

/** The person who is logged in. */
export interface CurrentUser {
  userId: number;
  username: string;
}

declare module 'express-session' {
  interface SessionData {
    /** Without it, nobody is logged in and nothing is stored. */
    user: CurrentUser;
    /** When the stored session ends, in seconds since 1970. Missing before it is stored. */
    expiresS?: number;
  }
}

/** The name of the session cookie, behind the prefix that `COOKIE_PREFIX` gives it. */
export const SESSION_COOKIE = 'session';

const LIFETIME_S = 30 * 24 * 3600;
const ABSOLUTE_LIFETIME_S = 180 * 24 * 3600;
const EXTEND_EVERY_S = 3600;
const COOKIE = { httpOnly: true, sameSite: 'lax' } as const;

/**
 * Gives each request that may have or need one its `req.session`. It is stored once somebody logs in, ends
 * after 30 days without use and 180 days after the login, and is prolonged once an hour at most.
 */
export function session(sessions: Sessions, config: CookieConfig): RequestHandler[] {
  const rule = createCookieRule(SESSION_COOKIE, config);
  const createSessions = (name: string) =>
    expressSession({
      name,
      genid: () => createSessionId(nowS()),
      secret: config.sessionSecrets,
      store: new SessionStore(sessions),
      resave: false,
      saveUninitialized: false,
      cookie: (req) => ({ ...COOKIE, maxAge: LIFETIME_S * 1000, secure: rule.isSecure(req) }),
    });
  const useOverHttp = createSessions(rule.plainName);
  const useOverHttps = createSessions(rule.hostName);
  return [
    (req, res, next) => {
      const cookies = req.headers.cookie;
      // a reader without a login, for whom a session would be made and thrown away
      if (SAFE_METHODS.has(req.method) && !cookies?.includes(rule.plainName)) next();
      else if (!rule.isSecure(req)) useOverHttp(req, res, next);
      else {
        if (cookies !== undefined) req.headers.cookie = renameLegacyCookie(cookies, rule);
        useOverHttps(req, res, next);
      }
    },
    (req, _res, next) => {
      if (hasSession(req)) {
        // A session that comes from the store does not know by which way its request came. (`OPTIONS *`,
        // which has no path, has none.)
        req.session.cookie.secure = rule.isSecure(req);
        extendSession(req.session, req.sessionID);
      }
      next();
    },
  ];
}

/**
 * Returns a Cookie header in which the session's cookie of MiniTwit 1.5 or earlier, which has no prefix over https either,
 * has its name of https. Such a session ends within 30 days. A later session's cookie over https has the prefix: without
 * it, another host of the domain or a listener on plain http may have planted an attacker's session. The id is read only
 * where it is not encoded, so that express-session, which decodes it, finds the same one.
 */
function renameLegacyCookie(cookies: string, { plainName, hostName }: CookieRule): string {
  if (cookies.includes(`${hostName}=`)) return cookies;
  const cookie = new RegExp(String.raw`(^|; *)${plainName}=(?=s%3A([\w-]+)\.)`);
  return cookies.replace(cookie, (found: string, separator: string, id: string) =>
    createdAtS(id, nowS()) === null ? `${separator}${hostName}=` : found,
  );
}

/** Returns a function that removes a session's cookie from the browser, under its old name as well. */
export function createClearSessionCookie(
  config: CookieConfig,
): (req: Request, res: Response) => void {
  const rule = createCookieRule(SESSION_COOKIE, config);
  return (req, res) => {
    rule.clear(req, res);
    if (rule.isSecure(req)) res.clearCookie(rule.plainName);
  };
}

/** Lets a session live on, once an hour at most: what changed is stored, and the cookie is sent again. */
function extendSession(current: Request['session'], sessionId: string): void {
  // No user has logged in yet, so nothing is stored.
  if (current.expiresS === undefined) return;
  const expiresS = Math.min(nowS() + LIFETIME_S, latestExpiryS(sessionId, current.expiresS));
  if (expiresS - current.expiresS >= EXTEND_EVERY_S) current.expiresS = expiresS;
}

/** Returns when a session ends however much it is used; a session of unknown age is never prolonged. */
function latestExpiryS(sessionId: string, expiresS: number): number {
  const createdS = createdAtS(sessionId, nowS());
  return createdS === null ? expiresS : createdS + ABSOLUTE_LIFETIME_S;
}

/** Tells whether a request has a session: not before that was looked for, nor when it was not needed. */
export function hasSession(req: Request): boolean {
  return (req.session as Request['session'] | undefined) !== undefined;
}

/** Lets express-session keep its sessions in the table `session`. */
class SessionStore extends Store {
  readonly #sessions: Sessions;
  // made once: to make one takes longer than all else that happens here
  readonly #get = callbackify((id: string) => this.#find(id));
  readonly #set = callbackify((id: string, data: SessionData) => this.#store(id, data));
  readonly #destroy = callbackify((id: string) => this.#sessions.deleteSession(id));

  constructor(sessions: Sessions) {
    super();
    this.#sessions = sessions;
  }

  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#get(id, done);
  }

  override set(id: string, data: SessionData, done: (error?: unknown) => void): void {
    this.#set(id, data, done);
  }

  override destroy(id: string, done: (error?: unknown) => void): void {
    this.#destroy(id, done);
  }

  async #store(id: string, { user, expiresS }: Partial<SessionData>): Promise<void> {
    if (!user) return;
    if (expiresS === undefined) {
      return this.#sessions.saveSession(id, user.userId, nowS() + LIFETIME_S);
    }
    // The page is already made; should this fail, the next request prolongs the session.
    await this.#sessions.extendSession(id, expiresS).catch(() => undefined);
  }

  async #find(id: string): Promise<SessionData | null> {
    const found = await this.#sessions.findSession(id, nowS());
    if (!found) return null;
    const { userId, username, expiresS } = found;
    // An instance of an earlier version may have prolonged it too far.
    if (latestExpiryS(id, expiresS) <= nowS()) return null;
    const cookie = { ...COOKIE, originalMaxAge: LIFETIME_S * 1000 };
    return { cookie, user: { userId, username }, expiresS };
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
