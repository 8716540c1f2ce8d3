import type { Request, RequestHandler } from 'express';
import { AppError } from '../errors.ts';

/** Methods that change nothing. */
export const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses changes of state that a page of another site asks a reader's browser for. */
export const rejectCrossOrigin: RequestHandler = (req, res, next) => {
  if (SAFE_METHODS.has(req.method)) next();
  else requireSameOrigin(req, res, next);
};

/**
 * The same for GET: for MiniTwit's links that change state by it. Fails with AppError `forbidden`, or
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
    throw new AppError(
      'forbidden',
      'MiniTwit did not ask for this itself, so nothing was changed.',
    );
  }
  next();
};

/**
 * Tells whether our own page, no browser at all or, other than by GET, the reader's own doing (a
 * reload) sent this request. Browsers say `Sec-Fetch-Site` on
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
  // Today's browsers send `Origin` with everything but a GET. A GET without any source may have been
  // caused by anybody, if a browser sent it; graphical browsers call themselves Mozilla.
  return !SAFE_METHODS.has(req.method) || !req.get('user-agent')?.startsWith('Mozilla/');
}
