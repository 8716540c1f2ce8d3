import type { IRouter, RequestHandler } from 'express';
import type { CookieConfig } from '../middleware/secure-cookies.ts';
import { requireSameOrigin } from '../middleware/cross-origin.ts';
import { currentUser, logOut } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { createClearSessionCookie } from '../middleware/session.ts';

/** `/logout`; GET for MiniTwit's old clients. */
export function addLogoutRoutes(app: IRouter, config: CookieConfig): void {
  const clearSessionCookie = createClearSessionCookie(config);

  const endSession: RequestHandler = async (req, res) => {
    if (currentUser(req)) await logOut(req);
    clearSessionCookie(req, res);
    // Drafts of messages. Browsers clear it over https only, and complain otherwise.
    if (req.secure) res.set('Clear-Site-Data', '"storage"');
    res.flash('You were logged out');
    res.redirect('/public');
  };

  app.route('/logout').get(requireSameOrigin, endSession).post(endSession).all(methodNotAllowed);
}
