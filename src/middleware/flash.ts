import type { RequestHandler } from 'express';

declare global {
  namespace Express {
    interface Response {
      /** Keeps a short message for the next page that this browser shows. */
      flash: (message: string) => void;
    }
    interface Locals {
      /** The message kept for this page, or null. To take it is to have shown it. */
      takeFlash?: () => string | null;
    }
  }
}

const COOKIE = 'flash';
const OPTIONS = { httpOnly: true, sameSite: 'lax', signed: true } as const;

/**
 * MiniTwit's flashed messages. They travel in a signed cookie, so that a message costs the database
 * nothing and a reader without login needs no session.
 */
export const flash: RequestHandler = (req, res, next) => {
  res.flash = (message) => {
    res.cookie(COOKIE, message, OPTIONS);
  };
  res.locals.takeFlash = () => {
    const message: unknown = req.signedCookies[COOKIE];
    if (COOKIE in req.cookies || COOKIE in req.signedCookies) res.clearCookie(COOKIE, OPTIONS);
    return typeof message === 'string' ? message : null;
  };
  next();
};
