import type { Express, Request, Response } from 'express';
import { type CookieConfig, createCookieRule } from './secure-cookies.ts';
import { readCookie, signCookie, verifyCookie } from './signed-cookies.ts';

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
 * Adds MiniTwit's flash messages to an application. A signed cookie contains the message, so that a message does not
 * use the database, and a reader without a login needs no session.
 */
export function addFlash(app: Express, config: CookieConfig): void {
  const rule = createCookieRule(COOKIE, config);
  // Derived from the secrets of sessions, so that a flash message's signature is not valid for a session.
  const secrets = config.sessionSecrets.map((secret) => `flash ${secret}`);

  app.response.flash = function (this: Response, message) {
    // The signed value contains the expiry, because a client may store a cookie for longer than its Max-Age.
    const value = signCookie(`${nowS() + LIFETIME_S} ${message}`, secrets[0] ?? '');
    const attributes = { ...rule.attributesFor(this.req), maxAge: LIFETIME_S * 1000 };
    this.cookie(rule.nameFor(this.req), value, attributes);
  };
  app.response.flashNow = function (this: Response, message) {
    this.locals.consumeFlash = () => message;
  };
  app.response.discardFlash = function (this: Response) {
    this.locals.consumeFlash?.();
    delete this.locals.consumeFlash;
  };

  app.use((req, res, next) => {
    const signed = req.headers.cookie ? readCookie(req, rule.nameFor(req)) : null;
    if (signed !== null && isPageNavigation(req)) {
      res.locals.consumeFlash = () => {
        rule.clear(req, res);
        return readMessage(verifyCookie(signed, secrets));
      };
    }
    next();
  });
}

function readMessage(value: string | null): string | null {
  const [, expiresS, message = null] = /^(\d{1,12}) ([^]*)$/.exec(value ?? '') ?? [];
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
