import type { IRouter, Request, Response } from 'express';
import type { Config } from '../config.ts';
import { hasCode } from '../errors.ts';
import { type FormError, readForm } from '../forms/form.ts';
import { loginForm } from '../forms/login.ts';
import { registrationError, registrationForm } from '../forms/registration.ts';
import { readUsername } from '../forms/username.ts';
import { logEvent } from '../middleware/audit.ts';
import { clientAddress } from '../middleware/client-address.ts';
import { requireSameOrigin } from '../middleware/cross-origin.ts';
import { currentUser, logIn, logOut } from '../middleware/current-user.ts';
import { createDevices } from '../middleware/device.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { refuse } from '../middleware/refuse.ts';
import { SESSION_COOKIE } from '../middleware/session.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Consumption, LoginAttempt, RateLimits } from '../repositories/rate-limits.ts';
import type { Users } from '../repositories/users.ts';

/** `/login`, `/register` and `/logout`. */
export function addAuthRoutes(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  config: Omit<Config, 'database'>,
): void {
  const devices = createDevices(config);

  /** Returns whose name and password these are, or what is wrong with them. */
  async function judgeLogin(
    { username, address }: LoginAttempt,
    password: string,
  ): Promise<JudgedLogin> {
    const isTooLong = readUsername(username) === null;
    const credentials = isTooLong ? null : await users.findCredentials(username);
    if (!credentials) {
      const error = { field: 'username', message: 'Invalid username' };
      return { error, reason: 'unknown_name' };
    }
    const { userId, passwordHash } = credentials;
    if (await passwords.matches(password, passwordHash, address)) return { userId, error: null };
    const error = { field: 'password', message: 'Invalid password' };
    return { userId, error, reason: 'wrong_password' };
  }

  app
    .route('/login')
    .get((req, res) => {
      if (currentUser(req)) res.redirect('/');
      else showLogin(res);
    })
    .post(async (req, res) => {
      if (currentUser(req)) return res.redirect('/');
      const { username, password } = readForm(loginForm, req.body);
      const deviceId = devices.findDevice(req, username);
      const attempt = { username, address: clientAddress(req), deviceId };
      const counted = await rateLimits.consumeLogin(attempt);
      const { refusal } = counted;
      if (refusal) {
        const { message } = refusal;
        return showLogin(refuse(res, refusal), username, { field: 'username', message });
      }
      let judged: JudgedLogin | null = null;
      try {
        judged = await judgeLogin(attempt, password);
        if (!judged.error) await logIn(req, { userId: judged.userId, username });
      } finally {
        // A login that was right, or that could not be judged, is no guess.
        if (!judged?.error) await counted.refund();
      }
      if (judged.error) {
        logFailedLogin(req, judged, counted);
        return showLogin(res, username, judged.error);
      }
      logEvent(req, 'login_succeeded', { userId: judged.userId });
      devices.rememberDevice(req, res, username);
      res.flash('You were logged in');
      res.redirect('/');
    })
    .all(methodNotAllowed);

  app
    .route('/register')
    .get((req, res) => {
      if (currentUser(req)) res.redirect('/');
      else showRegister(res);
    })
    .post(async (req, res) => {
      if (currentUser(req)) return res.redirect('/');
      const form = readForm(registrationForm, req.body);
      const error = registrationError(form, config);
      if (error) return showRegister(res, form, error);
      const address = clientAddress(req);
      const { refusal, refund } = await rateLimits.consumeRegistration(address);
      if (refusal) {
        const { message } = refusal;
        return showRegister(refuse(res, refusal), form, { field: 'username', message });
      }
      const { username, email, password } = form;
      try {
        const passwordHash = await passwords.hash(password, address);
        const userId = await users.createUser({ username, email, passwordHash });
        logEvent(req, 'registered', { userId });
      } catch (failure) {
        if (hasCode(failure, 'conflict')) {
          return showRegister(res, form, { field: 'username', message: failure.message });
        }
        await refund();
        throw failure;
      }
      res.flash('You were successfully registered and can login now');
      res.redirect('/login');
    })
    .all(methodNotAllowed);

  async function endSession(req: Request, res: Response): Promise<void> {
    if (currentUser(req)) await logOut(req);
    res.clearCookie(`${config.cookiePrefix}${SESSION_COOKIE}`);
    res.flash('You were logged out');
    res.redirect('/public');
  }

  app.route('/logout').get(requireSameOrigin, endSession).post(endSession).all(methodNotAllowed);
}

type JudgedLogin =
  | { userId: number; error: null }
  | { userId?: number; error: FormError; reason: 'unknown_name' | 'wrong_password' };

function logFailedLogin(
  req: Request,
  { userId, reason }: Extract<JudgedLogin, { reason: string }>,
  { exhausted }: Consumption,
): void {
  logEvent(req, 'login_failed', { userId, reason });
  for (const limit of exhausted) logEvent(req, 'locked_out', { userId, limit });
}

function showLogin(res: Response, username = '', error: FormError | null = null): void {
  res.render('login.html', { username, error });
}

function showRegister(
  res: Response,
  { username, email } = { username: '', email: '' },
  error: FormError | null = null,
): void {
  res.render('register.html', { username, email, error });
}
