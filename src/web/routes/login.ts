import type { IRouter, Request, Response } from 'express';
import type { Config } from '../../config/config.ts';
import type { LimitCheck, LoginAttempt, RateLimits } from '../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../repositories/users.ts';
import { type FieldError, parseForm, submittedField } from '../forms/form.ts';
import { loginForm } from '../forms/login.ts';
import { parseDraft } from '../forms/message.ts';
import { parseUsername } from '../forms/username.ts';
import { logEvent } from '../middleware/audit.ts';
import { clientKey } from '../middleware/client-key.ts';
import { currentUser, logIn } from '../middleware/current-user.ts';
import { createDeviceCookies } from '../middleware/device-cookie.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { setTooManyRequests } from '../middleware/too-many-requests.ts';
import { setUserLocals } from '../middleware/user-locals.ts';
import type { Passwords } from '../passwords/passwords.ts';
import { renderLoginPage } from '../presentation/login-page.ts';
import type { RenderHomeTimeline } from './home-timeline.ts';

// The path to which a login redirects. A request for it without a session means that the browser did not store the cookie.
const COOKIE_CHECK_PATH = '/login?signed-in';

/** Adds `/login`. */
export function addLoginRoutes(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  config: Omit<Config, 'database'>,
  renderHomeTimeline: RenderHomeTimeline,
): void {
  const devices = createDeviceCookies(config);

  app
    .route('/login')
    .get((req, res) => {
      if (currentUser(req)) res.redirect('/');
      else if ('signed-in' in req.query) renderMissingCookiePage(res);
      else renderLoginPage(res);
    })
    .post(async (req, res) => {
      const previousUser = currentUser(req);
      const { username, password } = parseForm(loginForm, req.body);
      const draft = parseDraft(submittedField(req.body, 'draft'));
      // Another user may have logged in since, in another tab. The login of this form replaces that session.
      if (previousUser && (username === '' || username === previousUser.username)) {
        return redirectHome(req, res, draft);
      }
      const deviceId = devices.findDevice(req, username);
      const attempt = { username, address: clientKey(req), deviceId };
      const limitCheck = await rateLimits.consumeLogin(attempt);
      const { refusal } = limitCheck;
      if (refusal) {
        setTooManyRequests(res, refusal);
        const error = { field: 'username', message: refusal.message };
        return renderLoginPage(res, { username, error, draft });
      }
      const error = await attemptLogin(req, attempt, password, limitCheck);
      if (error) return renderLoginPage(res, { username, error, draft });
      devices.rememberDevice(req, res, username);
      const message = previousUser
        ? `You were logged in, and ${previousUser.username} was logged out`
        : 'You were logged in';
      if (draft === null) {
        res.flash(message);
        return res.redirect(COOKIE_CHECK_PATH);
      }
      res.flashNow(message);
      await redirectHome(req, res, draft);
    })
    .all(methodNotAllowed);

  /** Logs in the user and returns null. Returns an error for the form if the username or the password is wrong. */
  async function attemptLogin(
    req: Request,
    attempt: LoginAttempt,
    password: string,
    limitCheck: LimitCheck,
  ): Promise<FieldError | null> {
    let result: VerificationResult | null = null;
    try {
      result = await verifyCredentials(attempt, password);
      if (!result.error) {
        const { userId } = result;
        await logIn(req, { userId, username: attempt.username });
        logEvent(req, 'login_succeeded', { userId });
        await rehashPassword(req, result, password, attempt.address);
      }
    } finally {
      // Only a wrong login counts towards the limits: no correct one, and none that could not be verified.
      if (!result?.error) await limitCheck.refund();
    }
    if (result.error) logFailedLogin(req, result, limitCheck);
    return result.error;
  }

  async function verifyCredentials(
    { username, address, deviceId }: LoginAttempt,
    password: string,
  ): Promise<VerificationResult> {
    const isTooLong = parseUsername(username) === null;
    const credentials = isTooLong ? null : await users.findCredentials(username);
    if (!credentials) {
      const error = { field: 'username', message: 'Invalid username' };
      return { error, reason: 'unknown_name' };
    }
    const { userId, passwordHash } = credentials;
    // Known devices have a queue of their own, so that strangers who guess a password do not delay them.
    const account = `${deviceId === null ? 'stranger' : 'device'} ${userId}`;
    const isRight = await passwords.matches(password, passwordHash, { address, account });
    if (isRight) return { userId, passwordHash, error: null };
    const error = { field: 'password', message: 'Invalid password' };
    return { userId, error, reason: 'wrong_password' };
  }

  /** Replaces the hash of a correct password if its cost is too low. If that fails, the login still succeeds. */
  async function rehashPassword(
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

  /** Redirects to the home timeline. With a draft, it sends the home timeline, with the draft in the post box. */
  async function redirectHome(req: Request, res: Response, draft: string | null): Promise<void> {
    if (draft === null) return res.redirect('/');
    setUserLocals(req, res, () => undefined);
    await renderHomeTimeline(req, res, { draft: { text: draft, error: null } });
  }
}

type VerificationResult = (Credentials & { error: null }) | LoginFailure;

interface LoginFailure {
  /** Missing if there is no such user. */
  userId?: number;
  error: FieldError;
  reason: 'unknown_name' | 'wrong_password';
}

function logFailedLogin(
  req: Request,
  { userId, reason }: LoginFailure,
  { exhausted }: LimitCheck,
): void {
  logEvent(req, 'login_failed', { userId, reason });
  for (const limit of exhausted) logEvent(req, 'locked_out', { userId, limit });
}

/** Sends the login page with a hint on cookies. The reader may have opened a bookmark of this path. */
function renderMissingCookiePage(res: Response): void {
  // The flash message claims that the user is signed in.
  res.discardFlash();
  renderLoginPage(res, {
    notice:
      'You are not signed in. If you have just signed in, your browser did not store MiniTwit’s cookie. Allow cookies for this site. If its address begins with http://, try https://.',
  });
}
