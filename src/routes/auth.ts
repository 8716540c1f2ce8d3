import type { IRouter, Request, Response } from 'express';
import type { Config } from '../config.ts';
import { hasCode } from '../errors.ts';
import { type FormError, readForm } from '../forms/form.ts';
import { loginForm } from '../forms/login.ts';
import { registrationError, registrationForm } from '../forms/registration.ts';
import { clientAddress } from '../middleware/client-address.ts';
import { requireSameOrigin } from '../middleware/cross-origin.ts';
import { currentUser, logIn, logOut } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { refuse } from '../middleware/refuse.ts';
import { type CurrentUser, SESSION_COOKIE } from '../middleware/session.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { RateLimits } from '../repositories/rate-limits.ts';
import type { Users } from '../repositories/users.ts';

/** `/login`, `/register` and `/logout`. */
export function addAuthRoutes(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  { passwordMinLength, cookiePrefix }: Pick<Config, 'passwordMinLength' | 'cookiePrefix'>,
): void {
  /** Who logs in with this; or what is wrong with it. */
  async function findLogin(
    { username, password }: { username: string; password: string },
    address: string,
  ): Promise<CurrentUser | FormError> {
    const credentials = await users.findCredentials(username);
    if (!credentials) return { field: 'username', message: 'Invalid username' };
    const { userId, passwordHash } = credentials;
    if (await passwords.matches(password, passwordHash, address)) return { userId, username };
    return { field: 'password', message: 'Invalid password' };
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
      const address = clientAddress(req);
      const refusal = await rateLimits.countLogin(username, address);
      if (refusal) {
        const { message } = refusal;
        return showLogin(refuse(res, refusal), username, { field: 'username', message });
      }
      let error: FormError | null = null;
      try {
        const found = await findLogin({ username, password }, address);
        if ('field' in found) error = found;
        else await logIn(req, found);
      } finally {
        // a login that was right, or that nobody could judge, is no guess
        if (!error) await rateLimits.forgetLogin(username, address);
      }
      if (error) return showLogin(res, username, error);
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
      const error = registrationError(form, passwordMinLength);
      if (error) return showRegister(res, form, error);
      const address = clientAddress(req);
      const refusal = await rateLimits.countRegistration(address);
      if (refusal) {
        const { message } = refusal;
        return showRegister(refuse(res, refusal), form, { field: 'username', message });
      }
      const { username, email, password } = form;
      try {
        const passwordHash = await passwords.hash(password, address);
        await users.createUser({ username, email, passwordHash });
      } catch (failure) {
        if (hasCode(failure, 'conflict')) {
          return showRegister(res, form, { field: 'username', message: failure.message });
        }
        await rateLimits.forgetRegistration(address);
        throw failure;
      }
      res.flash('You were successfully registered and can login now');
      res.redirect('/login');
    })
    .all(methodNotAllowed);

  async function endSession(req: Request, res: Response): Promise<void> {
    if (currentUser(req)) await logOut(req);
    res.clearCookie(`${cookiePrefix}${SESSION_COOKIE}`);
    res.flash('You were logged out');
    res.redirect('/public');
  }

  app.route('/logout').get(requireSameOrigin, endSession).post(endSession).all(methodNotAllowed);
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
