import cookieParser from 'cookie-parser';
import type { Request, RequestHandler, Response } from 'express';
import { type CookieConfig, type CookieRule, createCookieRule } from './secure-cookies.ts';

declare global {
  namespace Express {
    interface Response {
      /** Stores a short message for the next page that this browser shows within five minutes. */
      flash: (message: string) => void;
      /** Shows a message on the page of this response, instead of a stored message. */
      flashNow: (message: string) => void;
      /** Clears the stored message without showing it. */
      discardFlash: () => void;
    }
    interface Locals {
      /**
       * Returns the flash message and clears it. Returns null if the message is forged or has expired. The function is
       * missing if there is no message, or if the request is not for a page.
       */
      consumeFlash?: () => string | null;
    }
  }
}

const COOKIE = 'flash';
const LIFETIME_S = 5 * 60;

/**
 * Returns middleware for MiniTwit's flash messages. A signed cookie contains the message, so that a message does not
 * use the database, and a reader without a login needs no session.
 */
export function flash(config: CookieConfig): RequestHandler[] {
  const rule = createCookieRule(COOKIE, config);
  return [
    // Derived from the secrets of sessions, so that a flash message's signature is not valid for a session.
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
    // The signed value contains the expiry, because a client may store a cookie for longer than its Max-Age.
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
  // express-session would accept these parsed cookies as its own, although other secrets signed them.
  req.cookies = {};
  req.signedCookies = {};
}

function readMessage(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const [, expiresS, message = null] = /^(\d{1,12}) ([^]*)$/.exec(value) ?? [];
  return Number(expiresS) > nowS() ? message : null;
}

/**
 * Returns whether a request navigates to a page. Icons, `fetch` and prefetched pages are not navigations. Over plain
 * http only `Accept` distinguishes them: browsers accept HTML when they navigate.
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
