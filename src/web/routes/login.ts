import type { IRouter, Request, Response } from 'express';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Users } from '../../repositories/users.ts';
import { parseForm, submittedField } from '../forms/form.ts';
import { loginForm } from '../forms/login.ts';
import { parseDraft } from '../forms/message.ts';
import { clientKey } from '../middleware/client-key.ts';
import { currentUser } from '../middleware/current-user.ts';
import type { DeviceCookies } from '../middleware/device-cookie.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { setTooManyRequests } from '../middleware/too-many-requests.ts';
import { setUserLocals } from '../middleware/user-locals.ts';
import type { Passwords } from '../passwords/passwords.ts';
import { renderLoginPage } from '../presentation/login-page.ts';
import { createAttemptLogin } from './attempt-login.ts';
import type { RenderHomeTimeline } from './home-timeline.ts';

// A login redirects to this path. A request for it without a session means that the browser did not store the cookie.
const COOKIE_CHECK_PATH = '/login?signed-in';

/** Adds `/login`. */
export function addLoginRoutes(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  devices: DeviceCookies,
  renderHomeTimeline: RenderHomeTimeline,
): void {
  const attemptLogin = createAttemptLogin(users, passwords);

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

  /** Redirects to the home timeline. With a draft, it sends the home timeline, with the draft in the post box. */
  async function redirectHome(req: Request, res: Response, draft: string | null): Promise<void> {
    if (draft === null) return res.redirect('/');
    setUserLocals(req, res, () => undefined);
    await renderHomeTimeline(req, res, { draft: { text: draft, error: null } });
  }
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
