import cookieParser from 'cookie-parser';
import type { Request, RequestHandler, Response } from 'express';
import type { Config } from '../config.ts';
import { secureCookies } from './secure-cookies.ts';

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
}: Pick<Config, 'sessionSecrets' | 'cookieSecure'>): RequestHandler[] {
  const isSecure = secureCookies(cookieSecure);
  return [
    // Not the session's own secrets: what was signed as a flash must not pass as a session.
    cookieParser(sessionSecrets.map((secret) => `flash ${secret}`)),
    (req, res, next) => {
      readFlash(req, res, isSecure(req));
      next();
    },
  ];
}

function readFlash(req: Request, res: Response, secure: boolean): void {
  const options = { httpOnly: true, sameSite: 'lax', signed: true, secure } as const;
  res.flash = (message) => {
    res.cookie(COOKIE, message, options);
  };
  const message: unknown = req.signedCookies[COOKIE];
  if (message !== undefined) {
    res.locals.takeFlash = () => {
      res.clearCookie(COOKIE, options);
      return typeof message === 'string' ? message : null;
    };
  }
  // express-session would take what stands here for its own cookie, whatever signed or shaped it.
  req.cookies = {};
  req.signedCookies = {};
}
