import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../../config/config.ts';

// The names of all cookies that the application reads, without `COOKIE_PREFIX`.
const OWN_COOKIES = ['device', 'flash', 'session'];

// The libraries that parse these headers take a millisecond for each kilobyte, or quadratic time. Browsers send about a
// hundred characters.
const DROPPED_IF_LONG = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'if-none-match',
  'x-forwarded-host',
];
const DROPPED_MAX_LENGTH = 1000;

// Node normalizes URLs and hosts in quadratic time. MiniTwit's own URLs are shorter.
const OPAQUE_IF_LONG = ['host', 'origin', 'referer'];
const OPAQUE_MAX_LENGTH = 2000;
// Browsers send this value for an opaque origin. It is not a URL, so the request counts as cross-origin.
const OPAQUE_ORIGIN = 'null';

// Proxies append their entry. This length has room for more than the ten proxies that `TRUST_PROXY` allows.
const FORWARDED_FOR = 'x-forwarded-for';
const FORWARDED_FOR_MAX_LENGTH = 1000;

/**
 * Returns a function that removes useless headers that are expensive to parse: the cookies of other applications, and
 * headers that are longer than those of any browser. The 16 KB of headers that Node accepts have room for thousands of
 * cookies, and each could cost a signature check or an exception.
 */
export function createSanitizeHeaders({
  cookiePrefix,
}: Pick<Config, 'cookiePrefix'>): (headers: IncomingHttpHeaders) => void {
  const plainNames = OWN_COOKIES.map((name) => `${cookiePrefix}${name}`);
  const ownNames = new Set([...plainNames, ...plainNames.map((name) => `__Host-${name}`)]);
  return (headers) => {
    if (headers.cookie !== undefined) headers.cookie = pickCookies(headers.cookie, ownNames);
    limitLengths(headers);
  };
}

/** Returns a Cookie header with the first cookie of each of `names`, and no other cookie. */
function pickCookies(header: string, names: ReadonlySet<string>): string {
  // Most browsers have one cookie.
  if (!header.includes(';') && names.has(header.slice(0, header.indexOf('=')))) return header;
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
  for (const name of OPAQUE_IF_LONG) {
    if (isLongerThan(headers[name], OPAQUE_MAX_LENGTH)) headers[name] = OPAQUE_ORIGIN;
  }
  const forwardedFor = headers[FORWARDED_FOR];
  if (typeof forwardedFor === 'string') headers[FORWARDED_FOR] = takeLastEntries(forwardedFor);
}

/** Returns the last entries of a list that fit into `FORWARDED_FOR_MAX_LENGTH`, none of them cut. */
function takeLastEntries(list: string): string {
  if (list.length <= FORWARDED_FOR_MAX_LENGTH) return list;
  const end = list.slice(-FORWARDED_FOR_MAX_LENGTH);
  return end.slice(end.indexOf(',') + 1).trimStart();
}

function isLongerThan(value: string | string[] | undefined, max: number): boolean {
  return value !== undefined && value.length > max;
}
