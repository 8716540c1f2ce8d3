import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { RateLimitConfig } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import { AppError } from '../errors/app-error.ts';
import { errorMessage } from '../errors/error-message.ts';
import { type Counter, createRateLimitCounters } from './rate-limit-counters.ts';
import {
  createRateLimitRules,
  type RateLimitRule,
  type Refusal,
  toRefusal,
} from './rate-limit-rules.ts';

/** What a login is counted by. */
export interface LoginAttempt {
  username: string;
  address: string;
  /** The id of a device that has logged in under this name before; null for any other. */
  deviceId: string | null;
}

/** What came of counting an action, which must happen before the action. */
export interface LimitCheck {
  /** Why the action must not happen; null if it may. */
  refusal: Refusal | null;
  /** The names of the limits whose last point this action took. */
  exhausted: string[];
  /** Takes the count back. Never rejects. */
  refund: () => Promise<void>;
}

/**
 * How often users and addresses may act. All instances count together, in the table `rate_limit`, except for
 * pages and correct logins, which cost the process that serves them. The functions that return a promise
 * reject with AppError `unavailable` if the database could not count: then the action must not happen either.
 */
export interface RateLimits {
  /** Counts a login. Take it back with `refund` unless its password is wrong. */
  consumeLogin(attempt: LoginAttempt): Promise<LimitCheck>;
  consumeRegistration(address: string): Promise<LimitCheck>;
  consumePost(userId: number): Promise<LimitCheck>;
  /** Counts a follow or an unfollow. */
  consumeFollow(userId: number): Promise<LimitCheck>;
  /** Counts an older or newer page of a timeline; `userId` is null without login. */
  consumePage(reader: { userId: number | null; address: string }): Refusal | null;
  /** Deletes up to `limit` rows whose windows ended by `nowMs`; returns how many. */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}

const UNAVAILABLE = 'MiniTwit cannot do this at this moment. Please try again in a minute.';

interface LimitCounter extends Counter {
  limit: RateLimitRule;
}

/** Creates the limits that are counted in this database; if `config` is null, nothing is limited. */
export function createRateLimits(
  database: Database,
  config: RateLimitConfig | null,
  logger: Logger,
): RateLimits {
  if (config === null) return noLimits;
  const limits = createRateLimitRules(config);
  const counters = createRateLimitCounters<LimitCounter>(database);

  async function consume(...counted: LimitCounter[]): Promise<LimitCheck> {
    try {
      const { refusal, exhausted, refund } = await counters.count(counted);
      return {
        refusal: refusal && toRefusal(refusal.counter.limit, refusal.waitMs),
        exhausted: exhausted.map(({ limit }) => limit.name),
        refund: () => refund().catch(logFailure),
      };
    } catch (cause) {
      logFailure(cause);
      throw new AppError('unavailable', UNAVAILABLE, { cause });
    }
  }

  function logFailure(error: unknown): void {
    // The database's own message: its AppError is for users.
    const reason = errorMessage(error instanceof AppError ? error.cause : error);
    logger.warn({ reason }, 'A rate limit could not be counted.');
  }

  return {
    async consumeLogin({ username, address, deviceId }) {
      const name = digest(username);
      const login = await (deviceId === null
        ? consume(
            counter(limits.loginNameAddress, `${name}:${address}`),
            counter(limits.loginName, name),
            counter(limits.loginAddress, address),
          )
        : consume(counter(limits.loginDevice, deviceId), counter(limits.loginDevices, name)));
      if (login.refusal) return login;
      // The budgets come after the counters, so that strangers cannot spend a name's budget with logins that the counters
      // refuse. The name comes before the address, so that its refusals do not spend the budget of other users there.
      const refusal =
        limits.allLoginsByName(`${deviceId === null ? 'stranger' : 'device'} ${name}`) ??
        limits.allLoginsByAddress(address);
      if (refusal) await login.refund();
      return { ...login, refusal };
    },
    consumeRegistration: (address) => consume(counter(limits.registration, address)),
    consumePost: (userId) => consume(counter(limits.post, String(userId))),
    consumeFollow: (userId) => consume(counter(limits.follow, String(userId))),
    consumePage: ({ userId, address }) =>
      userId === null ? limits.pagesByAddress(address) : limits.pagesByUser(String(userId)),
    deleteExpired: (nowMs, limit) => counters.deleteExpired(nowMs, limit),
  };
}

const UNLIMITED: LimitCheck = { refusal: null, exhausted: [], refund: () => Promise.resolve() };

const noLimits: RateLimits = {
  consumeLogin: () => Promise.resolve(UNLIMITED),
  consumeRegistration: () => Promise.resolve(UNLIMITED),
  consumePost: () => Promise.resolve(UNLIMITED),
  consumeFollow: () => Promise.resolve(UNLIMITED),
  consumePage: () => null,
  deleteExpired: () => Promise.resolve(0),
};

function counter(limit: RateLimitRule, key: string): LimitCounter {
  return { limit, key: `${limit.name}:${key}`, points: limit.points, windowMs: limit.windowMs };
}

/** Returns a hash of a name, since a name can be long, and a user may have typed a password as the name. */
function digest(username: string): string {
  return hash('sha256', username, 'base64url');
}
