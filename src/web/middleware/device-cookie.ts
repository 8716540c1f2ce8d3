import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { type CookieConfig, createCookieRule } from './secure-cookies.ts';

/** The name of the device cookie, behind the prefix that `COOKIE_PREFIX` gives it. */
export const DEVICE_COOKIE = 'device';

const LIFETIME_MS = 365 * 24 * 3600 * 1000;
const ID_BYTES = 12;

/**
 * Recognizes devices from which a user has logged in before, so that strangers who guess at the user's
 * password do not lock them out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). The cookie is
 * no session. It is valid for the name of its last login alone.
 */
export interface DeviceCookies {
  /** Returns the id of a device that has logged in under this name, or null. */
  findDevice(req: Request, username: string): string | null;
  /** Marks a device as one that has logged in under this name; call it after a login. */
  rememberDevice(req: Request, res: Response, username: string): void;
}

/** Creates the reader and writer of device cookies. */
export function createDeviceCookies(config: CookieConfig): DeviceCookies {
  const rule = createCookieRule(DEVICE_COOKIE, config);
  const createPattern = (name: string) =>
    new RegExp(String.raw`(?:^|;\s*)${name}=([\w-]{16})\.([\w-]{43})(?:;|$)`);
  const overHttp = createPattern(rule.plainName);
  const overHttps = createPattern(rule.hostName);
  // Not the session's own secrets: what was signed as a device must not pass as anything else.
  const keys = config.sessionSecrets.map((secret) => `device ${secret}`);

  function findDevice(req: Request, username: string): string | null {
    const pattern = rule.isSecure(req) ? overHttps : overHttp;
    const [, id, signature] = pattern.exec(req.headers.cookie ?? '') ?? [];
    if (id === undefined || signature === undefined) return null;
    const isValid = keys.some((key) => isEqual(sign(key, id, username), signature));
    return isValid ? id : null;
  }

  return {
    findDevice,

    rememberDevice(req, res, username) {
      // A device retains its id, so that its failed logins still count.
      const id = findDevice(req, username) ?? randomBytes(ID_BYTES).toString('base64url');
      const value = `${id}.${sign(keys[0] ?? '', id, username)}`;
      res.cookie(rule.nameFor(req), value, { ...rule.attributesFor(req), maxAge: LIFETIME_MS });
    },
  };
}

/** The name is signed but not stored, so the cookie does not disclose it. */
function sign(key: string, id: string, username: string): string {
  return createHmac('sha256', key).update(`${id} ${username}`).digest('base64url');
}

function isEqual(signature: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(signature), Buffer.from(other));
}
