import type { Request, RequestHandler } from 'express';
import { AppError } from '../errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses changes of state that a page of another site asks a reader's browser for. */
export const rejectCrossOrigin: RequestHandler = (req, res, next) => {
  if (SAFE_METHODS.has(req.method)) next();
  else requireSameOrigin(req, res, next);
};

/**
 * The same for whatever method: for MiniTwit's links that change state by GET.
 * Fails with AppError `forbidden`.
 */
export const requireSameOrigin: RequestHandler = (req, _res, next) => {
  if (!isSameOrigin(req)) {
    throw new AppError('forbidden', 'Another site asked for this, so nothing was changed.');
  }
  next();
};

/**
 * Tells whether our own page, the reader's own hand or no browser at all sent this request. Browsers
 * say `Sec-Fetch-Site` on https and localhost only; on plain http there is `Origin`, which they leave
 * out of a GET, and `Referer`, which our pages send to ourselves (see the Referrer-Policy).
 */
function isSameOrigin(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const source = req.get('origin') ?? req.get('referer');
  if (source !== undefined) return URL.parse(source)?.host === req.get('host');
  // A browser that tells nothing may have been sent here by anybody. All of them call themselves this.
  return !req.get('user-agent')?.startsWith('Mozilla/');
}
