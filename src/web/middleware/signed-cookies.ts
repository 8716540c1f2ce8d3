import type { IncomingMessage } from 'node:http';
import { sign, unsign } from 'cookie-signature';

// As express-session marks signed values.
const PREFIX = 's:';

/**
 * Returns the decoded value of a cookie, and null without one. `sanitizeHeaders` has reduced the header to pairs that are
 * separated by `; `, with different names.
 */
export function readCookie(
  { headers }: Pick<IncomingMessage, 'headers'>,
  name: string,
): string | null {
  for (const pair of (headers.cookie ?? '').split('; ')) {
    if (pair.startsWith(name) && pair[name.length] === '=')
      return decode(pair.slice(name.length + 1));
  }
  return null;
}

/** Returns the value of a cookie as text that only this application can have written. */
export function signCookie(value: string, secret: string): string {
  return `${PREFIX}${sign(value, secret)}`;
}

/** Returns the signed value of a cookie, and null if none of the secrets has signed it. */
export function verifyCookie(signed: string, secrets: readonly string[]): string | null {
  if (!signed.startsWith(PREFIX)) return null;
  for (const secret of secrets) {
    const value = unsign(signed.slice(PREFIX.length), secret);
    if (value !== false) return value;
  }
  return null;
}

function decode(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // No cookie of this application is malformed.
    return value;
  }
}
