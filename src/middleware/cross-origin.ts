import type { Request, RequestHandler } from 'express';
import { AppError } from '../errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses changes of state that a page of another site asks a reader's browser for. */
export const rejectCrossOrigin: RequestHandler = (req, res, next) => {
  if (SAFE_METHODS.has(req.method)) next();
  else requireSameOrigin(req, res, next);
};

/**
 * The same for any method: for MiniTwit's links that change state by GET.
 * Fails with AppError `forbidden`.
 */
export const requireSameOrigin: RequestHandler = (req, res, next) => {
  if (req.method === 'HEAD') {
    res.set('Allow', 'GET, POST');
    throw new AppError('method_not_allowed', 'Nothing is changed by asking what would be.');
  }
  if (!isSameOrigin(req)) {
    throw new AppError(
      'forbidden',
      'MiniTwit did not ask for this itself, so nothing was changed.',
    );
  }
  next();
};

/**
 * Tells whether our own page or no browser at all sent this request. Browsers say `Sec-Fetch-Site` on
 * https and localhost only; on plain http there is `Origin`, which they leave out of a GET, and
 * `Referer`, which our pages send to ourselves (see the Referrer-Policy).
 */
function isSameOrigin(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  // `none` is the reader's own doing, but a GET may be a link that somebody mailed them.
  if (site === 'none') return !SAFE_METHODS.has(req.method);
  if (site !== undefined) return site === 'same-origin';
  const source = req.get('origin') ?? req.get('referer');
  if (source !== undefined) {
    return URL.canParse(source) && new URL(source).host === req.get('host');
  }
  // No browser sends anything but a GET without `Origin`. A browser, which graphical ones say they are
  // like this, that tells nothing with its GET may have been sent here by anybody.
  return !SAFE_METHODS.has(req.method) || !req.get('user-agent')?.startsWith('Mozilla/');
}
