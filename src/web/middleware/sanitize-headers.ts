import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import type { Config } from '../../config/config.ts';

// The names behind `COOKIE_PREFIX` of all cookies that this application reads.
const OWN_COOKIES = ['device', 'flash', 'session'];

// The libraries that parse these take a millisecond for each kilobyte, or quadratic time. Browsers send some hundred
// characters.
const DROPPED_IF_LONG = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'if-none-match',
  'x-forwarded-host',
];
const DROPPED_MAX_LENGTH = 1000;

// URLs and hosts, which Node normalizes in quadratic time. Those of our own pages are shorter.
const FOREIGN_IF_LONG = ['host', 'origin', 'referer'];
const FOREIGN_MAX_LENGTH = 2000;
// As browsers write an origin that they do not name. It is no URL, so the request counts as another site's.
const FOREIGN = 'null';

// Proxies append to it, so the last entries count. More than the ten proxies that `TRUST_PROXY` can name fit.
const FORWARDED_FOR = 'x-forwarded-for';
const FORWARDED_FOR_MAX_LENGTH = 1000;

/**
 * Removes from a request what is expensive to parse and of no use: cookies of other applications, and headers that are
 * longer than any browser's. The 16 KB that all headers may have fit thousands of cookies, and each could cost a check of
 * its signature or an exception.
 */
export function sanitizeHeaders({ cookiePrefix }: Pick<Config, 'cookiePrefix'>): RequestHandler {
  const plainNames = OWN_COOKIES.map((name) => `${cookiePrefix}${name}`);
  const ownNames = new Set([...plainNames, ...plainNames.map((name) => `__Host-${name}`)]);
  return ({ headers }, _res, next) => {
    if (headers.cookie !== undefined) headers.cookie = pickCookies(headers.cookie, ownNames);
    limitLengths(headers);
    next();
  };
}

/** Returns a Cookie header with the first cookie of each of these names alone. */
function pickCookies(header: string, names: ReadonlySet<string>): string {
  const picked = new Map<string, string>();
  for (const pair of header.split(';')) {
    const name = pair.slice(0, Math.max(0, pair.indexOf('='))).trim();
    if (names.has(name) && !picked.has(name)) picked.set(name, pair.trim());
  }
  return Array.from(picked.values()).join('; ');
}

function limitLengths(headers: IncomingHttpHeaders): void {
  for (const name of DROPPED_IF_LONG) {
    if (isLongerThan(headers[name], DROPPED_MAX_LENGTH)) delete headers[name];
  }
  for (const name of FOREIGN_IF_LONG) {
    if (isLongerThan(headers[name], FOREIGN_MAX_LENGTH)) headers[name] = FOREIGN;
  }
  const forwardedFor = headers[FORWARDED_FOR];
  if (typeof forwardedFor === 'string') headers[FORWARDED_FOR] = takeLastEntries(forwardedFor);
}

/** Returns the last entries of a list, without one that does not fit as a whole. */
function takeLastEntries(list: string): string {
  if (list.length <= FORWARDED_FOR_MAX_LENGTH) return list;
  const end = list.slice(-FORWARDED_FOR_MAX_LENGTH);
  return end.slice(end.indexOf(',') + 1).trimStart();
}

function isLongerThan(value: string | string[] | undefined, max: number): boolean {
  return value !== undefined && value.length > max;
}
