import type { IRouter, Response } from 'express';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { PendingLogins } from '../../factors/pending-login.ts';
import { parseForm, submittedField } from '../../forms/form.ts';
import { loginForm } from '../../forms/login.ts';
import { parseDraft } from '../../forms/message.ts';
import { clientKey } from '../../middleware/client-key.ts';
import { currentUser } from '../../middleware/current-user.ts';
import type { DeviceCookies } from '../../middleware/device-cookie.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';
import { renderLoginPage } from '../../presentation/login-page.ts';
import type { AttemptLogin } from './attempt-login.ts';
import type { LoginEnd } from './finish-login.ts';
import { renderCodePage } from './login-code.ts';

/** Adds `/login`. */
export function addLoginRoute(
  app: IRouter,
  attemptLogin: AttemptLogin,
  pendingLogins: PendingLogins,
  rateLimits: RateLimits,
  devices: DeviceCookies,
  { finishLogin, redirectHome }: LoginEnd,
): void {
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
      const result = await attemptLogin(req, attempt, password, limitCheck);
      if (result.error) return renderLoginPage(res, { username, error: result.error, draft });
      if (result.needsCode) {
        const pendingLogin = pendingLogins.createPendingLogin(result);
        return renderCodePage(res, { pendingLogin, draft });
      }
      const user = { userId: result.userId, username };
      await finishLogin(req, res, { user, previousUser, draft });
    })
    .all(methodNotAllowed);
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
