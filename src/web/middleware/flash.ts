import cookieParser from 'cookie-parser';
import type { Request, RequestHandler, Response } from 'express';
import { type CookieConfig, type CookieRule, createCookieRule } from './secure-cookies.ts';

declare global {
  namespace Express {
    interface Response {
      /** Stores a short message for the next page that this browser shows, if that is within five minutes. */
      flash: (message: string) => void;
      /** Shows a message on the page of this response, in the place of a stored one. */
      flashNow: (message: string) => void;
      /** Clears the stored message. The page of this response does not show it. */
      discardFlash: () => void;
    }
    interface Locals {
      /**
       * Returns the message for this page and clears it. Returns null if the message is forged or has expired. Missing
       * if there is no message, or if the request is not for a page.
       */
      consumeFlash?: () => string | null;
    }
  }
}

const COOKIE = 'flash';
const LIFETIME_S = 5 * 60;

/**
 * MiniTwit's flashed messages. They travel in a signed cookie, so that a message costs the database nothing and a
 * reader without login needs no session.
 */
export function flash(config: CookieConfig): RequestHandler[] {
  const rule = createCookieRule(COOKIE, config);
  return [
    // Not the session's own secrets: what was signed as a flash must not pass as a session.
    cookieParser(config.sessionSecrets.map((secret) => `flash ${secret}`)),
    (req, res, next) => {
      attachFlash(req, res, rule);
      next();
    },
  ];
}

function attachFlash(req: Request, res: Response, rule: CookieRule): void {
  const name = rule.nameFor(req);
  res.flash = (message) => {
    // The time inside what is signed counts, since a client may store a cookie for longer than its Max-Age.
    const value = `${nowS() + LIFETIME_S} ${message}`;
    const attributes = { ...rule.attributesFor(req), signed: true, maxAge: LIFETIME_S * 1000 };
    res.cookie(name, value, attributes);
  };
  const value: unknown = req.signedCookies[name];
  if (value !== undefined && isPageNavigation(req)) {
    res.locals.consumeFlash = () => {
      rule.clear(req, res);
      return readMessage(value);
    };
  }
  res.flashNow = (message) => {
    res.locals.consumeFlash = () => message;
  };
  res.discardFlash = () => {
    res.locals.consumeFlash?.();
    delete res.locals.consumeFlash;
  };
  // express-session would accept a cookie of this name here as its own, whatever signed or shaped it.
  req.cookies = {};
  req.signedCookies = {};
}

function readMessage(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const [, expiresS, message = null] = /^(\d{1,12}) ([^]*)$/.exec(value) ?? [];
  return Number(expiresS) > nowS() ? message : null;
}

/**
 * Returns whether a request asks for a page that a person is about to see, rather than for an icon, a script's data or a
 * page in advance. Over plain http, only `Accept` differs: browsers accept HTML where they navigate.
 */
function isPageNavigation(req: Request): boolean {
  if (req.method === 'HEAD' || req.get('sec-purpose')?.includes('prefetch')) return false;
  const destination = req.get('sec-fetch-dest');
  if (destination !== undefined) return destination === 'document';
  const accept = req.get('accept');
  return accept === undefined || accept === '*/*' || accept.includes('text/html');
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
