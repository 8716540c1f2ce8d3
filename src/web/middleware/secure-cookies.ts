import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../../config/config.ts';

/** The settings of cookies. */
export type CookieConfig = Pick<Config, 'sessionSecrets' | 'cookieSecure' | 'cookiePrefix'>;

/** How one cookie of this application is named, protected and removed. */
export interface CookieRule {
  /** The name over plain http: the prefix of `COOKIE_PREFIX`, then the cookie's own name. */
  plainName: string;
  /** The name over https: `__Host-`, then the plain name. */
  hostName: string;
  /** Returns whether the cookie is for https alone, as `COOKIE_SECURE` says. */
  isSecure: (req: Request) => boolean;
  /** Returns the name that the cookie has in this request and in its response. */
  nameFor: (req: Request) => string;
  /** Returns the attributes for `res.cookie`, without a lifetime. */
  attributesFor: (req: Request) => CookieOptions;
  /** Removes the cookie from the browser. */
  clear: (req: Request, res: Response) => void;
}

/**
 * Returns the rule for a cookie. Browsers accept a name with `__Host-` only with `Secure`, `Path=/` and no `Domain`, over
 * https. So neither a neighbour on the same domain nor a listener on plain http can plant such a cookie.
 */
export function createCookieRule(
  name: string,
  { cookieSecure, cookiePrefix }: Pick<CookieConfig, 'cookieSecure' | 'cookiePrefix'>,
): CookieRule {
  const isSecure = (req: Request) =>
    cookieSecure === 'auto' ? req.secure : cookieSecure === 'always';
  const plainName = `${cookiePrefix}${name}`;
  const hostName = `__Host-${plainName}`;
  const attributes = { httpOnly: true, sameSite: 'lax', path: '/' } as const;
  return {
    plainName,
    hostName,
    isSecure,
    nameFor: (req) => (isSecure(req) ? hostName : plainName),
    attributesFor: (req) => ({ ...attributes, secure: isSecure(req) }),
    clear(req, res) {
      const secure = isSecure(req);
      res.clearCookie(secure ? hostName : plainName, { ...attributes, secure });
    },
  };
}
