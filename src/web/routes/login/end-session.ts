import type { Request, Response } from 'express';
import { currentUser, logOut } from '../../middleware/current-user.ts';
import type { CookieConfig } from '../../middleware/secure-cookies.ts';
import { createClearSessionCookie } from '../../middleware/session.ts';

/** Logs out the user, if any, and removes the session cookie and the drafts of messages from the browser. */
export type EndSession = (req: Request, res: Response) => Promise<void>;

/** Creates the function that ends the session of a browser. */
export function createEndSession(config: CookieConfig): EndSession {
  const clearSessionCookie = createClearSessionCookie(config);
  return async (req, res) => {
    if (currentUser(req)) await logOut(req);
    clearSessionCookie(req, res);
    // Removes the drafts of messages. Browsers obey this header over https only, and warn over http.
    if (req.secure) res.set('Clear-Site-Data', '"storage"');
  };
}
