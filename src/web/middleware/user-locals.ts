import type { RequestHandler } from 'express';
import { currentUser } from './current-user.ts';
import type { CurrentUser } from './login.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The user of this request: null without a login, and missing before the session has been read. */
      user?: CurrentUser | null;
    }
  }
}

/** Sets the user for templates, and restricts the response to the private cache of one reader. */
export const setUserLocals: RequestHandler = (req, res, next) => {
  res.locals.user = currentUser(req);
  next();
};
