import type { IRouter, Request, Response } from 'express';
import type { Config } from '../../config/config.ts';
import { type FieldError, parseForm, submittedField } from '../forms/form.ts';
import { loginForm } from '../forms/login.ts';
import { parseDraft } from '../forms/message.ts';
import { parseUsername } from '../forms/username.ts';
import { logEvent } from '../middleware/audit.ts';
import { clientAddress } from '../middleware/client-address.ts';
import { currentUser, logIn } from '../middleware/current-user.ts';
import { createDeviceCookies } from '../middleware/device-cookie.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { setUserLocals } from '../middleware/user-locals.ts';
import { setTooManyRequests } from '../middleware/too-many-requests.ts';
import type { Passwords } from '../passwords/passwords.ts';
import { renderLoginPage } from '../presentation/login-page.ts';
import type { LimitCheck, LoginAttempt, RateLimits } from '../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../repositories/users.ts';
import type { RenderHomeTimeline } from './timelines.ts';

// The request that follows a login: it has the session's cookie, unless the browser did not store it.
const LOGIN_CHECK = '/login?signed-in';

/** `/login`. */
export function addLoginRoutes(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  config: Omit<Config, 'database'>,
  showMyTimeline: RenderHomeTimeline,
): void {
  const devices = createDeviceCookies(config);

  app
    .route('/login')
    .get((req, res) => {
      if (currentUser(req)) res.redirect('/');
      else if ('signed-in' in req.query) showLostCookie(res);
      else renderLoginPage(res);
    })
    .post(async (req, res) => {
      const before = currentUser(req);
      const { username, password } = parseForm(loginForm, req.body);
      const draft = parseDraft(submittedField(req.body, 'draft'));
      // A login under another name is carried out, although a user has signed in since in another tab.
      if (before && (username === '' || username === before.username)) {
        return leadHome(req, res, draft);
      }
      const deviceId = devices.findDevice(req, username);
      const attempt = { username, address: clientAddress(req), deviceId };
      const counted = await rateLimits.consumeLogin(attempt);
      if (counted.refusal) {
        const error = { field: 'username', message: counted.refusal.message };
        return renderLoginPage(setTooManyRequests(res, counted.refusal), {
          username,
          error,
          draft,
        });
      }
      const error = await logInIfRight(req, attempt, password, counted);
      if (error) return renderLoginPage(res, { username, error, draft });
      devices.rememberDevice(req, res, username);
      const flash = before
        ? `You were logged in, and ${before.username} was logged out`
        : 'You were logged in';
      if (draft === null) {
        res.flash(flash);
        return res.redirect(LOGIN_CHECK);
      }
      res.flashNow(flash);
      await leadHome(req, res, draft);
    })
    .all(methodNotAllowed);

  /** Logs in a user whose password is right. Otherwise returns what is wrong, and lets the attempt count. */
  async function logInIfRight(
    req: Request,
    attempt: LoginAttempt,
    password: string,
    counted: LimitCheck,
  ): Promise<FieldError | null> {
    let judged: JudgedLogin | null = null;
    try {
      judged = await judgeLogin(attempt, password);
      if (!judged.error) {
        const { userId } = judged;
        await logIn(req, { userId, username: attempt.username });
        logEvent(req, 'login_succeeded', { userId });
        await renewHash(req, judged, password, attempt.address);
      }
    } finally {
      // A login that was right, or that could not be judged, is no guess.
      if (!judged?.error) await counted.refund();
    }
    if (judged.error) logFailedLogin(req, judged, counted);
    return judged.error;
  }

  /** Returns the user whose name and password these are, or what is wrong with them. */
  async function judgeLogin(
    { username, address, deviceId }: LoginAttempt,
    password: string,
  ): Promise<JudgedLogin> {
    const isTooLong = parseUsername(username) === null;
    const credentials = isTooLong ? null : await users.findCredentials(username);
    if (!credentials) {
      const error = { field: 'username', message: 'Invalid username' };
      return { error, reason: 'unknown_name' };
    }
    const { userId, passwordHash } = credentials;
    // Strangers who guess do not delay a login from a device that has logged in before.
    const account = `${deviceId === null ? 'stranger' : 'device'} ${userId}`;
    const isRight = await passwords.matches(password, passwordHash, { address, account });
    if (isRight) return { userId, passwordHash, error: null };
    const error = { field: 'password', message: 'Invalid password' };
    return { userId, error, reason: 'wrong_password' };
  }

  /** Replaces the hash of a correct password if its cost is too low. The login does not depend on that. */
  async function renewHash(
    req: Request,
    credentials: Credentials,
    password: string,
    address: string,
  ): Promise<void> {
    try {
      const newHash = await passwords.rehash(password, credentials.passwordHash, address);
      if (newHash !== null) await users.replacePasswordHash(credentials, newHash);
    } catch (err) {
      const { userId } = credentials;
      req.log.info({ err, userId }, 'The password hash was not renewed. A later login renews it.');
    }
  }

  /** Redirects a logged-in user to the home timeline or, with a draft, shows it with the draft in the post box. */
  async function leadHome(req: Request, res: Response, draft: string | null): Promise<void> {
    if (draft === null) return res.redirect('/');
    setUserLocals(req, res, () => undefined);
    await showMyTimeline(req, res, { draft: { text: draft, error: null } });
  }
}

type JudgedLogin =
  | (Credentials & { error: null })
  | { userId?: number; error: FieldError; reason: 'unknown_name' | 'wrong_password' };

function logFailedLogin(
  req: Request,
  { userId, reason }: Extract<JudgedLogin, { reason: string }>,
  { exhausted }: LimitCheck,
): void {
  logEvent(req, 'login_failed', { userId, reason });
  for (const limit of exhausted) logEvent(req, 'locked_out', { userId, limit });
}

/** Shows the sign-in page to a reader without a session, who may also come by a bookmark or a link. */
function showLostCookie(res: Response): void {
  // The flash message claims that the user is signed in.
  res.discardFlash();
  renderLoginPage(res, {
    notice:
      'You are not signed in. If you have just signed in, your browser did not store MiniTwit’s cookie. Allow cookies for this site. If its address begins with http://, try https://.',
  });
}
