import type { RequestHandler } from 'express';
import { currentUser } from './current-user.ts';
import type { CurrentUser } from './session.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The user of this request: null without a login, and missing before the session has been read. */
      user?: CurrentUser | null;
    }
  }
}

/** Sets the user for templates, and headers that restrict the page to the private cache of one reader. */
export const setUserLocals: RequestHandler = (req, res, next) => {
  const user = currentUser(req);
  res.locals.user = user;
  res.vary('Cookie');
  // After a logout, the Back button must not show the user's pages to the next reader.
  res.set('Cache-Control', user ? 'private, no-store' : 'private, no-cache');
  next();
};
