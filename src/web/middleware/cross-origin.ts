import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { isSameHost, isSameHostname } from './request-hosts.ts';

declare global {
  namespace Express {
    interface Locals {
      /** For the log: why a request was refused that one of our own pages may have sent, through a proxy. */
      originMismatch?: Record<string, string>;
    }
  }
}

/** Methods that change nothing. */
export const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses changes of state that a page of another site asks a reader's browser for. */
export const rejectCrossOrigin: RequestHandler = (req, res, next) => {
  if (SAFE_METHODS.has(req.method)) next();
  else requireSameOrigin(req, res, next);
};

/**
 * Refuses changes by GET as well, for MiniTwit's links that change state. Fails with AppError `forbidden`, or with
 * `method_not_allowed` for HEAD, which Express would answer like GET.
 */
export const requireSameOrigin: RequestHandler = (req, res, next) => {
  if (req.method === 'HEAD') {
    res.set('Allow', 'GET, POST');
    throw new AppError(
      'method_not_allowed',
      'This address changes something: HEAD cannot be used.',
    );
  }
  if (!isSameOrigin(req)) {
    setOriginMismatch(req, res);
    // The page that follows does not show another site's text. Where the browser does not name the sender's site, the
    // page shows the text, and does not present it as the reader's own.
    if (isCrossSite(req)) req.body = undefined;
    throw new AppError(
      'forbidden',
      'MiniTwit did not ask for this itself, so nothing was changed.',
    );
  }
  next();
};

/**
 * Returns whether our own page, no browser at all or, other than by GET, the reader (who reloads a page) sent this
 * request. Browsers send `Sec-Fetch-Site` on https and localhost only. On plain http there is `Origin`, which they
 * leave out of a GET, and `Referer`, which our pages send to ourselves (see the Referrer-Policy). SECURITY.md has the
 * table of all cases.
 */
function isSameOrigin(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  // `none` is the reader's own doing, but a GET may be a link that somebody mailed them.
  if (site === 'none') return !SAFE_METHODS.has(req.method);
  if (site !== undefined) return site === 'same-origin';
  const source = requestSource(req);
  if (source !== undefined) return isSameHost(req, source);
  // Today's browsers send `Origin` with everything but a GET. A GET without any source may have been
  // caused by any site, if a browser sent it.
  return !SAFE_METHODS.has(req.method) || !isBrowser(req);
}

/**
 * Returns whether the browser itself names another site as the sender. Another scheme or port of this host is not
 * one here: a reader may have opened the page before the site moved.
 */
function isCrossSite(req: Request): boolean {
  if (req.get('sec-fetch-site') === undefined) return false;
  return !isSameHostname(req, requestSource(req) ?? '');
}

function requestSource(req: Request): string | undefined {
  return req.get('origin') ?? req.get('referer');
}

/** Returns whether a browser sent this request. Graphical browsers call themselves Mozilla. */
function isBrowser(req: Request): boolean {
  const isFetch = ['sec-fetch-mode', 'sec-fetch-dest'].some((name) => req.get(name) !== undefined);
  return isFetch || (req.get('user-agent')?.startsWith('Mozilla/') ?? false);
}

const REMEDY =
  'If one of your own pages sent this, a proxy changes Host. Let it pass Host on, or set X-Forwarded-Host and TRUST_PROXY. See docs/proxies.md.';
const LOGGED_MAX_LENGTH = 300;

/** Sets for the log which hosts differ, unless the browser itself names another site as the sender. */
function setOriginMismatch(req: Request, res: Response): void {
  const source = requestSource(req);
  if (source === undefined || req.get('sec-fetch-site') !== undefined) return;
  const sender = URL.canParse(source) ? new URL(source).origin : source;
  const cut = (text: string) => text.slice(0, LOGGED_MAX_LENGTH);
  res.locals.originMismatch = {
    origin: cut(sender),
    host: cut(req.get('host') ?? ''),
    forwardedHost: cut(req.get('x-forwarded-host') ?? ''),
    remedy: REMEDY,
  };
}
