import { createHash } from 'node:crypto';
import { callbackify } from 'node:util';
import type { Logger } from 'pino';
import { RateLimiterMySQL, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimitConfig } from '../config.ts';
import type { Database } from '../database/database.ts';

/** Why somebody has to wait, and how long, in seconds. */
export interface Refusal {
  message: string;
  retryAfterS: number;
}

/**
 * The table `rate_limit`: how often people did what has a limit, at whichever instance. Each function
 * counts once more, and tells why that is too often; null lets people go on, as it does whenever it could
 * not count.
 */
export interface RateLimits {
  /** To be called before the password is looked at, so that many at once are counted as well. */
  countLogin(username: string, address: string): Promise<Refusal | null>;
  /** Takes a login back that turned out to be right: only failed ones count. */
  forgetLogin(username: string, address: string): Promise<void>;
  countRegistration(address: string): Promise<Refusal | null>;
  countPost(userId: number): Promise<Refusal | null>;
  /** Deletes up to `limit` rows that do not count any more by `nowMs`; gives how many those were. */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}

/** The limits that are counted in this database; without a configuration, none. */
export function createRateLimits(
  database: Database,
  config: RateLimitConfig | null,
  logger: Logger,
): RateLimits {
  if (config === null) return noLimits;
  const limiter = (keyPrefix: string, points: number, duration: number) =>
    new RateLimiterMySQL({
      storeClient: { getConnection: callbackify(() => database.acquire()) },
      storeType: 'pool',
      dbName: database.name,
      tableName: 'rate_limit',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix,
      points,
      duration,
      // whoever goes on is refused without asking the database
      inMemoryBlockOnConsumed: points + 1,
    });
  const loginName = limiter('login_name', config.loginsPerName, 15 * 60);
  const loginAddress = limiter('login_address', config.loginsPerAddress, 3600);
  const registration = limiter('registration', config.registrationsPerAddress, 3600);
  const post = limiter('post', config.postsPerUser, 60);

  async function count(by: RateLimiterMySQL, key: string, what: string): Promise<Refusal | null> {
    try {
      await by.consume(key);
      return null;
    } catch (reason) {
      if (reason instanceof RateLimiterRes) return refusal(what, reason.msBeforeNext);
      logger.warn({ err: reason }, 'a rate limit could not be counted');
      return null;
    }
  }

  async function forget(by: RateLimiterMySQL, key: string): Promise<void> {
    await by.reward(key).catch((err: unknown) => {
      logger.warn({ err }, 'a rate limit could not be counted');
    });
  }

  return {
    async countLogin(username, address) {
      const name = digest(username);
      const byName = await count(loginName, name, 'Too many failed logins under this name');
      if (byName) return byName;
      const byAddress = await count(
        loginAddress,
        address,
        'Too many failed logins from where you are',
      );
      // it was not tried, and others may log in under this name from elsewhere
      if (byAddress) await forget(loginName, name);
      return byAddress;
    },
    async forgetLogin(username, address) {
      await Promise.all([forget(loginName, digest(username)), forget(loginAddress, address)]);
    },
    countRegistration: (address) =>
      count(registration, address, 'Too many people signed up from where you are'),
    countPost: (userId) => count(post, String(userId), 'You have posted a lot'),
    async deleteExpired(nowMs, limit) {
      const { affectedRows } = await database.change(
        `delete from rate_limit
         where expire <= :nowMs
         limit :limit`,
        { nowMs, limit },
      );
      return affectedRows;
    },
  };
}

const noLimits: RateLimits = {
  countLogin: () => Promise.resolve(null),
  forgetLogin: () => Promise.resolve(),
  countRegistration: () => Promise.resolve(null),
  countPost: () => Promise.resolve(null),
  deleteExpired: () => Promise.resolve(0),
};

/** Names can be long, and typed into the wrong field they may be passwords: their digest is kept. */
function digest(username: string): string {
  return createHash('sha256').update(username).digest('base64url');
}

function refusal(what: string, waitMs: number): Refusal {
  const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000));
  const minutes = Math.ceil(retryAfterS / 60);
  const wait = retryAfterS < 60 ? plural(retryAfterS, 'second') : plural(minutes, 'minute');
  return { message: `${what}. Please try again in ${wait}.`, retryAfterS };
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
