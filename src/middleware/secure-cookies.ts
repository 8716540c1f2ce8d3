import type { Request } from 'express';
import type { Config } from '../config.ts';

/** The settings of cookies. */
export type CookieConfig = Pick<Config, 'sessionSecrets' | 'cookieSecure' | 'cookiePrefix'>;

/** Tells, as `COOKIE_SECURE` says, whether the cookies of a request's answer are for https alone. */
export function secureCookies(setting: Config['cookieSecure']): (req: Request) => boolean {
  return (req) => (setting === 'auto' ? req.secure : setting === 'always');
}
