import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { RateLimitConfig } from '../config/config.ts';
import { AppError } from '../errors/app-error.ts';
import { errorMessage } from '../errors/error-message.ts';
import type { Counter, RateLimitCounters } from '../limits/counters.ts';
import {
  createRateLimitRules,
  type RateLimitRule,
  type Refusal,
  toRefusal,
} from './rate-limit-rules.ts';

/** The keys of a login's counters. */
export interface LoginAttempt {
  username: string;
  address: string;
  /** The id of a device from which this user has logged in before. Null for any other device. */
  deviceId: string | null;
}

/** The keys of the counter of a code. */
export type CodeAttempt = Pick<LoginAttempt, 'deviceId'> & { userId: number };

/** The result of counting an action. Count an action before it happens. */
export interface LimitCheck {
  /** The reason why the action must not happen. Null if it is allowed. */
  refusal: Refusal | null;
  /** The names of the rules of which this action took the last point. */
  exhausted: string[];
  /** Takes the count back. Never rejects. */
  refund: () => Promise<void>;
}

/**
 * Limits how often users and addresses may act. All instances count together in one store. Each process counts pages,
 * correct logins and passkeys itself, since these cost CPU time of that process. The functions that return a promise
 * reject with AppError `unavailable` if the store could not count. The action must not happen then either.
 */
export interface RateLimits {
  /** Counts a login. Call `refund` unless the password is wrong. */
  consumeLogin(attempt: LoginAttempt): Promise<LimitCheck>;
  /** Counts a code that a user enters after the password. Call `refund` unless the code is wrong. */
  consumeCode(attempt: CodeAttempt): Promise<LimitCheck>;
  /** Counts a login with a passkey. It is one of all logins from this address. */
  consumePasskeyLogin(address: string): Refusal | null;
  consumeRegistration(address: string): Promise<LimitCheck>;
  consumePost(userId: number): Promise<LimitCheck>;
  /** Counts a request to reset the password of an email address. It does not matter whether an account has it. */
  consumeReset(request: { email: string; address: string }): Promise<LimitCheck>;
  /** Counts a request of a user to change the email address to `email`. */
  consumeEmailChange(request: { email: string; userId: number }): Promise<LimitCheck>;
  /** Counts a mail about an account to an email address, which its owner may never have confirmed. */
  consumeNotice(email: string): Promise<LimitCheck>;
  /** Counts a follow, a block or a mute, or its end. */
  consumeFollow(userId: number): Promise<LimitCheck>;
  /** Counts an export of a user's data. */
  consumeExport(userId: number): Promise<LimitCheck>;
  consumeReport(userId: number): Promise<LimitCheck>;
  /** Counts an older or newer page of a timeline. `userId` is null without login. */
  consumePage(reader: { userId: number | null; address: string }): Refusal | null;
}

const UNAVAILABLE = 'MiniTwit cannot do this at this moment. Please try again in a minute.';

interface RuleCounter extends Counter {
  rule: RateLimitRule;
}

/** Creates the limits, which `counters` count. If `config` is null, nothing is limited. */
export function createRateLimits(
  counters: RateLimitCounters,
  config: RateLimitConfig | null,
  logger: Logger,
): RateLimits {
  if (config === null) return noLimits;
  const rules = createRateLimitRules(config);

  async function consume(...ruleCounters: RuleCounter[]): Promise<LimitCheck> {
    try {
      const { refusal, exhausted, refund } = await counters.count(ruleCounters);
      return {
        refusal: refusal && toRefusal(refusal.counter.rule, refusal.waitMs),
        exhausted: exhausted.map(({ rule }) => rule.name),
        refund: () => refund().catch(logFailure),
      };
    } catch (cause) {
      logFailure(cause);
      throw new AppError('unavailable', UNAVAILABLE, { cause });
    }
  }

  function logFailure(error: unknown): void {
    // The message of an AppError is for users, so its cause is logged.
    const reason = errorMessage(error instanceof AppError ? error.cause : error);
    logger.warn({ reason }, 'A rate limit could not be counted.');
  }

  return {
    async consumeLogin({ username, address, deviceId }) {
      const name = digest(username);
      const login = await (deviceId === null
        ? consume(
            counter(rules.loginNameAddress, `${name}:${address}`),
            counter(rules.loginName, name),
            counter(rules.loginAddress, address),
          )
        : consume(counter(rules.loginDevice, deviceId), counter(rules.loginDevices, name)));
      if (login.refusal) return login;
      // The counters come first, so that a client cannot use up a name's budget with logins that the counters refuse.
      // The name comes before the address, so that a refused name does not use up the budget of other users at the
      // address.
      const refusal =
        rules.allLoginsByName(`${deviceId === null ? 'unknown' : 'known'} ${name}`) ??
        rules.allLoginsByAddress(address);
      if (refusal) await login.refund();
      return { ...login, refusal };
    },
    consumeCode: ({ userId, deviceId }) =>
      // The attacker knows the password, and must not lock the user out on the user's own devices.
      consume(counter(deviceId === null ? rules.code : rules.codeDevices, String(userId))),
    consumePasskeyLogin: (address) => rules.allLoginsByAddress(address),
    consumeRegistration: (address) => consume(counter(rules.registration, address)),
    consumePost: (userId) => consume(counter(rules.post, String(userId))),
    consumeReset: ({ email, address }) =>
      consume(
        counter(rules.linkEmail, digest(email.toLowerCase())),
        counter(rules.resetAddress, address),
      ),
    consumeEmailChange: ({ email, userId }) =>
      consume(
        counter(rules.linkEmail, digest(email.toLowerCase())),
        counter(rules.emailChange, String(userId)),
      ),
    consumeNotice: (email) => consume(counter(rules.notice, digest(email.toLowerCase()))),
    consumeFollow: (userId) => consume(counter(rules.follow, String(userId))),
    consumeReport: (userId) => consume(counter(rules.report, String(userId))),
    consumeExport: (userId) => consume(counter(rules.export, String(userId))),
    consumePage: ({ userId, address }) =>
      userId === null ? rules.pagesByAddress(address) : rules.pagesByUser(String(userId)),
  };
}

const UNLIMITED: LimitCheck = { refusal: null, exhausted: [], refund: () => Promise.resolve() };

const noLimits: RateLimits = {
  consumeLogin: () => Promise.resolve(UNLIMITED),
  consumeCode: () => Promise.resolve(UNLIMITED),
  consumePasskeyLogin: () => null,
  consumeRegistration: () => Promise.resolve(UNLIMITED),
  consumePost: () => Promise.resolve(UNLIMITED),
  consumeReset: () => Promise.resolve(UNLIMITED),
  consumeEmailChange: () => Promise.resolve(UNLIMITED),
  consumeNotice: () => Promise.resolve(UNLIMITED),
  consumeFollow: () => Promise.resolve(UNLIMITED),
  consumeReport: () => Promise.resolve(UNLIMITED),
  consumeExport: () => Promise.resolve(UNLIMITED),
  consumePage: () => null,
};

function counter(rule: RateLimitRule, key: string): RuleCounter {
  return { rule, key: `${rule.name}:${key}`, points: rule.points, windowMs: rule.windowMs };
}

/** Returns a hash of an input. It can be long, and a user may have typed a password as the username. */
function digest(input: string): string {
  return hash('sha256', input, 'base64url');
}
