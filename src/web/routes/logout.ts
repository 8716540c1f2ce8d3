import type { IRouter, RequestHandler } from 'express';
import { requireSameOrigin } from '../middleware/cross-origin.ts';
import { currentUser, logOut } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CookieConfig } from '../middleware/secure-cookies.ts';
import { createClearSessionCookie } from '../middleware/session.ts';

/** Adds `/logout`. It accepts GET, too, for old clients of MiniTwit. */
export function addLogoutRoutes(app: IRouter, config: CookieConfig): void {
  const clearSessionCookie = createClearSessionCookie(config);

  const endSession: RequestHandler = async (req, res) => {
    if (currentUser(req)) await logOut(req);
    clearSessionCookie(req, res);
    // Removes the drafts of messages. Browsers obey this header over https only, and warn over http.
    if (req.secure) res.set('Clear-Site-Data', '"storage"');
    res.flash('You were logged out');
    res.redirect('/public');
  };

  app.route('/logout').get(requireSameOrigin, endSession).post(endSession).all(methodNotAllowed);
}
