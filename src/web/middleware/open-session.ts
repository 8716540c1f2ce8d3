import { callbackify } from 'node:util';
import type { Request } from 'express';
import expressSession, { type SessionData, Store } from 'express-session';
import { AppError } from '../../errors/app-error.ts';
import type { Sessions } from '../../repositories/sessions.ts';
import { type CookieConfig, createCookieRule } from './secure-cookies.ts';
import { type CurrentUser, SESSION_COOKIE, type VerifiedLogin } from './login.ts';
import { createSessionId } from './session-id.ts';
import { LIFETIME_S } from './session-lifetime.ts';

declare module 'express-session' {
  interface SessionData {
    /** Missing before the login. A session without a user is not stored. */
    user: CurrentUser;
    /** Missing after the session is stored. */
    verified?: VerifiedLogin;
    /** The browser and the operating system in words. */
    browser?: string;
    /** Whether the session is stored. */
    isStored?: boolean;
  }
}

const COOKIE = { httpOnly: true, sameSite: 'lax' } as const;

/** Creates the method of a request that sets `req.session`, with the session of its cookie or a new one. */
export function createOpenSession(
  sessions: Sessions,
  config: CookieConfig,
): (this: Request) => Promise<void> {
  const rule = createCookieRule(SESSION_COOKIE, config);
  const createMiddleware = (name: string) =>
    expressSession({
      name,
      genid: () => createSessionId(nowS()),
      secret: config.sessionSecrets,
      store: new SessionStore(sessions),
      resave: false,
      saveUninitialized: false,
      cookie: (req) => ({ ...COOKIE, maxAge: LIFETIME_S * 1000, secure: rule.isSecure(req) }),
    });
  const useOverHttp = createMiddleware(rule.plainName);
  const useOverHttps = createMiddleware(rule.hostName);
  return function () {
    const middleware = rule.isSecure(this) ? useOverHttps : useOverHttp;
    return new Promise((resolve, reject) => {
      middleware(this, this.res as never, (error?: unknown) => (error ? reject(error) : resolve()));
    });
  };
}

/** Returns whether express-session has run in a request. */
export function hasSession(req: Request): boolean {
  return (req.session as Request['session'] | undefined) !== undefined;
}

/** Stores the sessions of express-session in the table `session`. */
class SessionStore extends Store {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    super();
    this.#sessions = sessions;
  }

  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    callbackify(() => this.#find(id))(done);
  }

  override set(id: string, data: SessionData, done: (error?: unknown) => void): void {
    callbackify(() => this.#store(id, data))(done);
  }

  override destroy(id: string, done: (error?: unknown) => void): void {
    callbackify(() => this.#sessions.deleteSession(id))(done);
  }

  async #store(sessionId: string, data: Partial<SessionData>): Promise<void> {
    const { user, verified, browser = '' } = data;
    // Express-session stores a new session once more with the response.
    if (!user || data.isStored) return;
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
    data.isStored = true;
  }

  async #find(id: string): Promise<SessionData | null> {
    const found = await this.#sessions.findSession(id, nowS());
    const cookie = { ...COOKIE, originalMaxAge: LIFETIME_S * 1000 };
    return found && { cookie, user: found, isStored: true };
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
