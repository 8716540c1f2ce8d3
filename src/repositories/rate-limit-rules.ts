import { createFixedWindowLimiter } from '../limits/fixed-window-limiter.ts';
import type { RateLimitConfig } from '../config/config.ts';

/** How many events are allowed in a window. */
export interface RateLimitRule {
  /** The prefix of the keys of its rows, and its name in the log. */
  name: string;
  points: number;
  windowMs: number;
  /** The message for a client that has reached the limit, without the full stop. */
  message: string;
}

/** Why a client has to wait, and for how many seconds. */
export interface Refusal {
  /** The name of the limit. */
  limit: string;
  message: string;
  retryAfterS: number;
}

const MINUTE_MS = 60_000;
/** At one key for each client, more clients than one process serves in 10 minutes. */
const MAX_KEYS = 10_000;

/**
 * Creates all limits. A limit that the database counts is a `Limit`. A limit that one process counts is a function: it
 * counts an event of a key, and returns a refusal, or null if the event is allowed.
 */
export function createRateLimitRules(config: RateLimitConfig) {
  const failedByName = 'Too many failed logins under this name';
  const failedByAddress = 'Too many failed logins from where you are';
  return {
    loginNameAddress: limit('login_name_address', config.loginsPerName, 15, failedByName),
    loginName: limit('login_name', config.loginsPerNameAnywhere, 15, failedByName),
    loginAddress: limit('login_address', config.loginsPerAddress, 60, failedByAddress),
    loginDevice: limit('login_device', config.loginsPerName, 15, failedByName),
    loginDevices: limit('login_devices', config.loginsPerNameAnywhere, 15, failedByName),
    registration: limit(
      'registration',
      config.registrationsPerAddress,
      60,
      'Too many people signed up from where you are',
    ),
    post: limit('post', config.postsPerUser, 1, 'You have posted a lot'),
    follow: limit('follow', config.followsPerUser, 5, 'You have followed or unfollowed a lot'),
    allLoginsByName: inProcess(
      limit('all_logins_name', config.allLoginsPerName, 10, 'Too many logins under this name'),
    ),
    allLoginsByAddress: inProcess(
      limit(
        'all_logins_address',
        config.allLoginsPerAddress,
        10,
        'Too many logins from where you are',
      ),
    ),
    pagesByUser: inProcess(
      limit('pages_user', config.pagesPerUser, 5, 'You have read a lot of pages'),
    ),
    pagesByAddress: inProcess(
      limit(
        'pages_address',
        config.pagesPerAddress,
        5,
        'Too many pages were read from where you are',
      ),
    ),
  };
}

function limit(name: string, points: number, minutes: number, message: string): RateLimitRule {
  return { name, points, windowMs: minutes * MINUTE_MS, message };
}

function inProcess(counted: RateLimitRule): (key: string) => Refusal | null {
  const limiter = createFixedWindowLimiter({ ...counted, maxKeys: MAX_KEYS });
  return (key) => {
    const waitMs = limiter.consume(key);
    return waitMs > 0 ? toRefusal(counted, waitMs) : null;
  };
}

/** Returns the refusal for a client that has reached a limit. */
export function toRefusal({ name, message }: RateLimitRule, waitMs: number): Refusal {
  const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000));
  const wait =
    retryAfterS < 60
      ? plural(retryAfterS, 'second')
      : plural(Math.ceil(retryAfterS / 60), 'minute');
  return { limit: name, message: `${message}. Please try again in ${wait}.`, retryAfterS };
}

function plural(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
