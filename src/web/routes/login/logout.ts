import type { IRouter, RequestHandler } from 'express';
import { requireSameOrigin } from '../../middleware/cross-origin.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { CookieConfig } from '../../middleware/secure-cookies.ts';
import { createEndSession } from './end-session.ts';

/** Adds `/logout`. It accepts GET, too, for old clients of MiniTwit. */
export function addLogoutRoute(app: IRouter, config: CookieConfig): void {
  const endSession = createEndSession(config);

  const logOut: RequestHandler = async (req, res) => {
    await endSession(req, res);
    res.flash('You were logged out');
    res.redirect('/public');
  };

  app.route('/logout').get(requireSameOrigin, logOut).post(logOut).all(methodNotAllowed);
}
