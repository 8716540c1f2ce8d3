import cookieParser from 'cookie-parser';
import type { Request, RequestHandler, Response } from 'express';
import { type CookieConfig, secureCookies } from './secure-cookies.ts';

declare global {
  namespace Express {
    interface Response {
      /** Keeps a short message for the next page that this browser shows. */
      flash: (message: string) => void;
    }
    interface Locals {
      /**
       * The message kept for this page, or null when somebody else made it up; missing when there is none.
       * To take it is to have shown it.
       */
      takeFlash?: () => string | null;
    }
  }
}

const COOKIE = 'flash';

/**
 * MiniTwit's flashed messages. They travel in a signed cookie, so that a message costs the database
 * nothing and a reader without login needs no session.
 */
export function flash({
  sessionSecrets,
  cookieSecure,
  cookiePrefix,
}: CookieConfig): RequestHandler[] {
  const isSecure = secureCookies(cookieSecure);
  const name = `${cookiePrefix}${COOKIE}`;
  return [
    // Not the session's own secrets: what was signed as a flash must not pass as a session.
    cookieParser(sessionSecrets.map((secret) => `flash ${secret}`)),
    (req, res, next) => {
      readFlash(req, res, name, isSecure(req));
      next();
    },
  ];
}

function readFlash(req: Request, res: Response, name: string, secure: boolean): void {
  const options = { httpOnly: true, sameSite: 'lax', signed: true, secure } as const;
  res.flash = (message) => {
    res.cookie(name, message, options);
  };
  const message: unknown = req.signedCookies[name];
  if (message !== undefined) {
    res.locals.takeFlash = () => {
      res.clearCookie(name, options);
      return typeof message === 'string' ? message : null;
    };
  }
  // express-session would take what stands here for its own cookie, whatever signed or shaped it.
  req.cookies = {};
  req.signedCookies = {};
}
