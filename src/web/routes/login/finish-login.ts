import type { Request, Response } from 'express';
import { logEvent } from '../../middleware/audit.ts';
import type { DeviceCookies } from '../../middleware/device-cookie.ts';
import type { CurrentUser } from '../../middleware/login.ts';
import { setUserLocals } from '../../middleware/user-locals.ts';
import type { RenderHomeTimeline } from '../home-timeline.ts';

// A login redirects to this path. A request for it without a session means that the browser did not store the cookie.
const COOKIE_CHECK_PATH = '/login?signed-in';

/** A login whose session is stored. */
export interface FinishedLogin {
  user: CurrentUser;
  /** The user who was logged in before, in the same browser, and who is another user. Null for none. */
  previousUser: CurrentUser | null;
  /** The text of a message that is not posted yet. Null for none. */
  draft: string | null;
  /** A sentence for the user. Empty for none. */
  hint?: string;
}

/** The last step of every kind of login. */
export interface LoginEnd {
  /** Sends the response to a successful login, and marks the device as known. */
  finishLogin: (req: Request, res: Response, login: FinishedLogin) => Promise<void>;
  /** Redirects to the home timeline. With a draft, it sends the home timeline, with the draft in the post box. */
  redirectHome: (req: Request, res: Response, draft: string | null) => Promise<void>;
}

/** Creates the functions that respond to a successful login. */
export function createLoginEnd(
  devices: DeviceCookies,
  renderHomeTimeline: RenderHomeTimeline,
): LoginEnd {
  async function redirectHome(req: Request, res: Response, draft: string | null): Promise<void> {
    if (draft === null) return res.redirect('/');
    setUserLocals(req, res, () => undefined);
    await renderHomeTimeline(req, res, { draft: { text: draft, error: null } });
  }

  return {
    redirectHome,

    async finishLogin(req, res, { user, previousUser, draft, hint = '' }) {
      logEvent(req, 'login_succeeded', { userId: user.userId });
      devices.rememberDevice(req, res, user.username);
      const loggedIn = previousUser
        ? `You were logged in, and ${previousUser.username} was logged out`
        : 'You were logged in';
      const message = hint === '' ? loggedIn : `${loggedIn}. ${hint}`;
      if (draft === null) {
        res.flash(message);
        return res.redirect(COOKIE_CHECK_PATH);
      }
      res.flashNow(message);
      await redirectHome(req, res, draft);
    },
  };
}
