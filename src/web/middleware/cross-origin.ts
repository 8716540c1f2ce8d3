import { type Request, type RequestHandler, type Response, Router } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { isSameHost, isSameHostname } from './request-hosts.ts';

declare global {
  namespace Express {
    interface Locals {
      /**
       * The differing hosts of a refused request, for the log. A misconfigured proxy may have caused the difference.
       */
      originMismatch?: Record<string, string>;
    }
  }
}

/** The safe methods of HTTP: they change no state. */
export const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Returns middleware that runs other middleware in requests with an unsafe method. */
export function forUnsafeMethods(...middleware: RequestHandler[]): RequestHandler {
  const router = Router().use(middleware);
  return (req, res, next) => {
    if (SAFE_METHODS.has(req.method)) next();
    else router(req, res, next);
  };
}

/**
 * Refuses cross-origin requests: those with an unsafe method, and MiniTwit's links that change state by GET.
 * @throws AppError `forbidden`, and `method_not_allowed` for HEAD, which Express would route like GET
 */
export const requireSameOrigin: RequestHandler = (req, res, next) => {
  if (req.method === 'HEAD') {
    res.set('Allow', 'GET, POST');
    throw new AppError(
      'method_not_allowed',
      'This address changes data, so it does not accept HEAD requests.',
    );
  }
  if (!isSameOrigin(req)) {
    setOriginMismatch(req, res);
    // The error page must not show text that another site wrote. If the browser does not name the sender's site, the
    // page shows the text, but not as the reader's own.
    if (isCrossSite(req)) req.body = undefined;
    throw new AppError(
      'forbidden',
      'This request did not come from a page of MiniTwit, so nothing was changed.',
    );
  }
  next();
};

/**
 * Returns whether a page of MiniTwit sent this request, or a client that is not a browser, or a reader who reloaded the
 * result of a form. Browsers send `Sec-Fetch-Site` on https and localhost only. On plain http they send `Origin`,
 * except with GET, and `Referer`, which the Referrer-Policy limits to MiniTwit's own pages. SECURITY.md has a table of
 * all cases.
 */
function isSameOrigin(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  // `none` means that the reader caused the request, but a GET may be a link in an email.
  if (site === 'none') return !SAFE_METHODS.has(req.method);
  if (site !== undefined) return site === 'same-origin';
  const source = requestSource(req);
  if (source !== undefined) return isSameHost(req, source);
  // Browsers send `Origin` with every method but GET. Any site can make a browser send a GET without a source.
  return !SAFE_METHODS.has(req.method) || !isBrowser(req);
}

/**
 * Returns whether the browser names another site as the sender, which browsers do not do over plain http. Another
 * scheme or port of this host counts as the same site, because a reader may have opened the page before the site moved.
 */
function isCrossSite(req: Request): boolean {
  if (req.get('sec-fetch-site') === undefined) return false;
  return !isSameHostname(req, requestSource(req) ?? '');
}

function requestSource(req: Request): string | undefined {
  return req.get('origin') ?? req.get('referer');
}

/** Returns whether a graphical browser sent this request. The user agents of all of them begin with `Mozilla/`. */
function isBrowser(req: Request): boolean {
  const isFetch = ['sec-fetch-mode', 'sec-fetch-dest'].some((name) => req.get(name) !== undefined);
  return isFetch || (req.get('user-agent')?.startsWith('Mozilla/') ?? false);
}

const REMEDY =
  'If a page of MiniTwit sent this request, a proxy changes the Host header. Configure the proxy to forward Host, or to set X-Forwarded-Host, and set TRUST_PROXY. See docs/proxies.md.';
const LOGGED_MAX_LENGTH = 300;

/** Sets the differing hosts of a refused request for the log, unless the browser sent `Sec-Fetch-Site`. */
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
