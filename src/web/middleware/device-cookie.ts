import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { type CookieConfig, createCookieRule } from './secure-cookies.ts';

/** The name of the device cookie, without `COOKIE_PREFIX`. */
const DEVICE_COOKIE = 'device';

const LIFETIME_MS = 365 * 24 * 3600 * 1000;
const ID_BYTES = 12;

/**
 * Recognizes devices on which a user has logged in before, so that an attacker who guesses the user's password does not
 * lock the user out there (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). The cookie is not a
 * session. It is valid only for the username of the last login.
 */
export interface DeviceCookies {
  /** Returns the id of the device if its last login was under this username, and otherwise null. */
  findDevice(req: Request, username: string): string | null;
  /** Marks the device as one that has logged in under this username. Call it after a successful login. */
  rememberDevice(req: Request, res: Response, username: string): void;
}

/** Creates the functions that read and write device cookies. */
export function createDeviceCookies(config: CookieConfig): DeviceCookies {
  const rule = createCookieRule(DEVICE_COOKIE, config);
  const createPattern = (name: string) =>
    new RegExp(String.raw`(?:^|;\s*)${name}=([\w-]{16})\.([\w-]{43})(?:;|$)`);
  const overHttp = createPattern(rule.plainName);
  const overHttps = createPattern(rule.hostName);
  // The keys are derived from the session secrets, so that a device cookie's signature is valid for no other cookie.
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
      // The device retains its id, so that its earlier failed logins still count.
      const id = findDevice(req, username) ?? randomBytes(ID_BYTES).toString('base64url');
      const value = `${id}.${sign(keys[0] ?? '', id, username)}`;
      res.cookie(rule.nameFor(req), value, { ...rule.attributesFor(req), maxAge: LIFETIME_MS });
    },
  };
}

/** Returns the signature of a device. The username is signed, but not stored, so the cookie does not disclose it. */
function sign(key: string, id: string, username: string): string {
  return createHmac('sha256', key).update(`${id} ${username}`).digest('base64url');
}

function isEqual(signature: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(signature), Buffer.from(other));
}
