import type { RequestHandler } from 'express';
import { currentUser } from './current-user.ts';
import type { CurrentUser } from './session.ts';

declare global {
  namespace Express {
    interface Locals {
      /** Who reads: null without a login, missing as long as that is not known. */
      user?: CurrentUser | null;
    }
  }
}

/** Tells templates who reads, and caches that a page was made for that reader alone. */
export const setUserLocals: RequestHandler = (req, res, next) => {
  const user = currentUser(req);
  res.locals.user = user;
  res.vary('Cookie');
  // After a logout, nobody shall find the pages of whoever logged out by going back.
  res.set('Cache-Control', user ? 'private, no-store' : 'private, no-cache');
  next();
};
