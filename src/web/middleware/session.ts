import { callbackify } from 'node:util';
import type { Request, RequestHandler, Response } from 'express';
import expressSession, { type SessionData, Store } from 'express-session';
import { AppError } from '../../errors/app-error.ts';
import type { NewSession, Sessions } from '../../repositories/sessions.ts';
import { SAFE_METHODS } from './cross-origin.ts';
import { type CookieConfig, type CookieRule, createCookieRule } from './secure-cookies.ts';
import { createdAtS, createSessionId } from './session-id.ts';
import { findNewExpiryS, isTooOld, LIFETIME_S } from './session-lifetime.ts';
import { formatBrowser } from './user-agent.ts';

/** The user who is logged in. */
export interface CurrentUser {
  userId: number;
  username: string;
  // These are read with the session. They are missing in the request that logs the user in.
  isModerator?: boolean;
  /** Whether the user may have muted or blocked others, or may have been blocked. */
  hasUnseenAuthors?: boolean;
}

/** The proof of a login. */
export type VerifiedLogin = Pick<NewSession, 'passwordHash' | 'hasSecondFactor'>;

declare module 'express-session' {
  interface SessionData {
    /** Missing before the login. A session without a user is not stored. */
    user: CurrentUser;
    /** The time when the stored session expires, in seconds since 1970. Missing before the session is stored. */
    expiresS?: number;
    /** Missing after the session is stored. */
    verified?: VerifiedLogin;
    /** The browser and the operating system in words. Missing unless the session is stored or extended now. */
    browser?: string;
  }
}

/** The name of the session cookie, without `COOKIE_PREFIX`. */
export const SESSION_COOKIE = 'session';

const COOKIE = { httpOnly: true, sameSite: 'lax' } as const;

/**
 * Returns middleware that sets `req.session`, except for a safe request without a session cookie. A session is stored
 * at the login, expires after 30 days without use and 180 days after the login, and is extended at most once an hour.
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
      // The reader has no login, and express-session would create a session and discard it.
      if (SAFE_METHODS.has(req.method) && !cookies?.includes(rule.plainName)) next();
      else if (!rule.isSecure(req)) useOverHttp(req, res, next);
      else {
        if (cookies !== undefined) req.headers.cookie = renameLegacyCookie(cookies, rule);
        useOverHttps(req, res, next);
      }
    },
    (req, _res, next) => {
      if (hasSession(req)) {
        // A stored session does not contain the scheme of its request. (express-session creates no session for `OPTIONS
        // *`, which has no path.)
        req.session.cookie.secure = rule.isSecure(req);
        extendSession(req);
      }
      next();
    },
  ];
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

/** Extends a session if an hour has passed. express-session stores a changed session and sends its cookie again. */
function extendSession(req: Request): void {
  // Without an expiry, the session has no login and is not stored.
  if (req.session.expiresS === undefined) return;
  const expiresS = findNewExpiryS(req.sessionID, req.session.expiresS, nowS());
  if (expiresS === null) return;
  req.session.expiresS = expiresS;
  req.session.browser = formatBrowser(req.get('user-agent'));
}

/**
 * Returns whether `req.session` exists, also without a user. It does not exist before `session` has run, and in
 * requests that need no session.
 */
export function hasSession(req: Request): boolean {
  return (req.session as Request['session'] | undefined) !== undefined;
}

/** Stores the sessions of express-session in the table `session`. */
class SessionStore extends Store {
  readonly #sessions: Sessions;
  // Each function is created once, because `callbackify` takes longer than all other work of this class.
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

  async #store(sessionId: string, data: Partial<SessionData>): Promise<void> {
    const { user, expiresS, verified, browser = '' } = data;
    if (!user) return;
    if (expiresS !== undefined) {
      // A failure must not replace the page, which is already rendered. The next request extends the session.
      const extended = { sessionId, expiresS, browser };
      return this.#sessions.extendSession(extended).catch(() => undefined);
    }
    if (verified === undefined) throw new Error('A session needs a verified login.');
    const { userId } = user;
    const stored = { sessionId, userId, ...verified, expiresS: nowS() + LIFETIME_S, browser };
    if (!(await this.#sessions.saveSession(stored))) {
      throw new AppError(
        'conflict',
        'Your account was changed at this moment. Please sign in again.',
      );
    }
    delete data.verified;
    // express-session saves a new session once more with the response. That extends it only if it still exists.
    data.expiresS = stored.expiresS;
  }

  async #find(id: string): Promise<SessionData | null> {
    const found = await this.#sessions.findSession(id, nowS());
    if (!found) return null;
    const { expiresS, ...user } = found;
    if (isTooOld(id, nowS())) return null;
    const cookie = { ...COOKIE, originalMaxAge: LIFETIME_S * 1000 };
    return { cookie, user, expiresS };
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
