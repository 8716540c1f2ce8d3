import { createFixedWindowLimiter } from '../limits/fixed-window-limiter.ts';
import type { RateLimitConfig } from '../config/config.ts';

/** The number of events of one key that are allowed in a window. */
export interface RateLimitRule {
  /** The prefix of its keys, and its name in the log. */
  name: string;
  points: number;
  windowMs: number;
  /** The message for a client that has reached the limit, without its full stop. */
  message: string;
}

/** The reason why a client has to wait, and the time until the next attempt. */
export interface Refusal {
  /** The name of the rule. */
  limit: string;
  message: string;
  retryAfterS: number;
}

const MINUTE_MS = 60_000;
// An export can read 100,000 messages, and a download that has failed is repeated.
const EXPORTS_PER_HOUR = 5;
// A user who tries every page of the settings gets fewer.
const NOTICES_PER_HOUR = 20;
/** With one key for each client, this is more than one process serves in 10 minutes. */
const MAX_KEYS = 10_000;

/**
 * Creates all rules. The store counts the events of a `RateLimitRule`. The others are functions that count an
 * event of a key in this process, and return a refusal, or null if the event is allowed.
 */
export function createRateLimitRules(config: RateLimitConfig) {
  const failedByName = 'Too many failed logins under this name';
  const failedByAddress = 'Too many failed logins from where you are';
  const wrongCodes = 'Too many wrong codes for this account';
  return {
    loginNameAddress: createRule('login_name_address', config.loginsPerName, 15, failedByName),
    loginName: createRule('login_name', config.loginsPerNameAnywhere, 15, failedByName),
    loginAddress: createRule('login_address', config.loginsPerAddress, 60, failedByAddress),
    loginDevice: createRule('login_device', config.loginsPerName, 15, failedByName),
    loginDevices: createRule('login_devices', config.loginsPerNameAnywhere, 15, failedByName),
    code: createRule('code', config.loginsPerName, 60, wrongCodes),
    codeDevices: createRule('code_devices', config.loginsPerName, 60, wrongCodes),
    registration: createRule(
      'registration',
      config.registrationsPerAddress,
      60,
      'Too many people signed up from where you are',
    ),
    post: createRule('post', config.postsPerUser, 1, 'You have posted a lot'),
    linkEmail: createRule(
      'link_email',
      config.linksPerEmail,
      60,
      'Several mails were requested for this email address',
    ),
    notice: createRule('notice', NOTICES_PER_HOUR, 60, 'Too many mails were sent to this address'),
    resetAddress: createRule(
      'reset_address',
      config.resetsPerAddress,
      60,
      'Too many passwords were reset from where you are',
    ),
    emailChange: createRule(
      'email_change',
      config.emailChangesPerUser,
      60,
      'You have changed your email address a lot',
    ),
    follow: createRule(
      'follow',
      config.followsPerUser,
      5,
      'You have followed, blocked or muted a lot',
    ),
    export: createRule('export', EXPORTS_PER_HOUR, 60, 'You have exported your data several times'),
    report: createRule('report', config.reportsPerUser, 60, 'You have reported a lot'),
    allLoginsByName: inProcess(
      createRule('all_logins_name', config.allLoginsPerName, 10, 'Too many logins under this name'),
    ),
    allLoginsByAddress: inProcess(
      createRule(
        'all_logins_address',
        config.allLoginsPerAddress,
        10,
        'Too many logins from where you are',
      ),
    ),
    pagesByUser: inProcess(
      createRule('pages_user', config.pagesPerUser, 5, 'You have read a lot of pages'),
    ),
    pagesByAddress: inProcess(
      createRule(
        'pages_address',
        config.pagesPerAddress,
        5,
        'Too many pages were read from where you are',
      ),
    ),
  };
}

function createRule(name: string, points: number, minutes: number, message: string): RateLimitRule {
  return { name, points, windowMs: minutes * MINUTE_MS, message };
}

function inProcess(rule: RateLimitRule): (key: string) => Refusal | null {
  const limiter = createFixedWindowLimiter({ ...rule, maxKeys: MAX_KEYS });
  return (key) => {
    const waitMs = limiter.consume(key);
    return waitMs > 0 ? toRefusal(rule, waitMs) : null;
  };
}

/** Returns the refusal of a client that has reached a limit. */
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
