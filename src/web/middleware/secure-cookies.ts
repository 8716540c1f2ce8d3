import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../../config/config.ts';

/** The settings of cookies. */
export type CookieConfig = Pick<Config, 'sessionSecrets' | 'cookieSecure' | 'cookiePrefix'>;

/** The name and the attributes of one cookie. */
export interface CookieRule {
  /** The name over plain http: `COOKIE_PREFIX`, then the name of the cookie. */
  plainName: string;
  /** The name over https: `__Host-`, then the plain name. */
  hostName: string;
  /** Returns whether the cookie has the attribute `Secure`, which depends on `COOKIE_SECURE`. */
  isSecure: (req: Request) => boolean;
  /** Returns the name that the cookie has in this request and in its response. */
  nameFor: (req: Request) => string;
  /** Returns the attributes for `res.cookie`, without a lifetime. */
  attributesFor: (req: Request) => CookieOptions;
  /** Removes the cookie from the browser. */
  clear: (req: Request, res: Response) => void;
}

/**
 * Returns the rule for a cookie. Browsers accept a name with `__Host-` only over https, with `Secure` and `Path=/` and
 * without `Domain`. Neither another host of the domain nor an attacker on plain http can set such a cookie.
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
