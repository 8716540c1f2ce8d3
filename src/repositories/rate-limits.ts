import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
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
 * The table `rate_limit`: how often people did what has a limit, at whichever instance. What is counted
 * before it is done, so that many at once are counted as well, is taken back when it came to nothing. null
 * lets people go on, as it does whenever it could not be counted within a second.
 */
export interface RateLimits {
  countLogin(username: string, address: string): Promise<Refusal | null>;
  /** Takes a login back that was not wrong. */
  forgetLogin(username: string, address: string): Promise<void>;
  countRegistration(address: string): Promise<Refusal | null>;
  /** Takes a registration back of which nobody came. */
  forgetRegistration(address: string): Promise<void>;
  countPost(userId: number): Promise<Refusal | null>;
  /** Deletes up to `limit` rows that do not count any more by `nowMs`; gives how many those were. */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}

/** A limit, whose turn it is, and what is said when it is reached. */
interface Count {
  limiter: RateLimiterMySQL;
  key: string;
  refusal: string;
}

const COUNT_MAX_MS = 1000;

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
    });
  const loginName = limiter('login_name', config.loginsPerName, 15 * 60);
  const loginAddress = limiter('login_address', config.loginsPerAddress, 3600);
  const registration = limiter('registration', config.registrationsPerAddress, 3600);
  const post = limiter('post', config.postsPerUser, 60);

  const login = (username: string, address: string): Count[] => [
    {
      limiter: loginName,
      key: digest(username),
      refusal: 'Too many failed logins under this name',
    },
    {
      limiter: loginAddress,
      key: address,
      refusal: 'Too many failed logins from where you are',
    },
  ];
  const registrations = (address: string): Count[] => [
    {
      limiter: registration,
      key: address,
      refusal: 'Too many people signed up from where you are',
    },
  ];
  const posts = (userId: number): Count[] => [
    { limiter: post, key: String(userId), refusal: 'You have posted a lot' },
  ];

  async function orLetIn<T>(counting: Promise<T>): Promise<T | null> {
    const isLate = sleep(COUNT_MAX_MS, null, { ref: false });
    const tooLate = isLate.then(() => {
      throw new Error(`no count within ${COUNT_MAX_MS} ms`);
    });
    try {
      return await Promise.race([counting, tooLate]);
    } catch (error) {
      // mysql2 leaves the query there with its values: addresses, for one
      const { message: reason } = error as Error;
      logger.warn({ reason }, 'a rate limit could not be counted');
      return null;
    }
  }

  return {
    countLogin: (username, address) => orLetIn(countAll(login(username, address))),
    async forgetLogin(username, address) {
      await orLetIn(forgetAll(login(username, address)));
    },
    countRegistration: (address) => orLetIn(countAll(registrations(address))),
    async forgetRegistration(address) {
      await orLetIn(forgetAll(registrations(address)));
    },
    countPost: (userId) => orLetIn(countAll(posts(userId))),
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
  forgetRegistration: () => Promise.resolve(),
  countPost: () => Promise.resolve(null),
  deleteExpired: () => Promise.resolve(0),
};

/** Counts once for each, or for none of them when one refuses. */
async function countAll(counts: Count[]): Promise<Refusal | null> {
  // A look costs a query, and to count costs four: those who are refused are many, and come again.
  const before = (await Promise.all(counts.map(look))).find((refusal) => refusal !== null);
  if (before) return before;
  const refusal = (await Promise.all(counts.map(consume))).find((each) => each !== null);
  if (refusal) await forgetAll(counts);
  return refusal ?? null;
}

async function look({ limiter, key, refusal }: Count): Promise<Refusal | null> {
  const state = await limiter.get(key);
  return state && state.consumedPoints >= limiter.points ? refuse(refusal, state) : null;
}

async function consume({ limiter, key, refusal }: Count): Promise<Refusal | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (reason) {
    if (reason instanceof RateLimiterRes) return refuse(refusal, reason);
    throw reason;
  }
}

async function forgetAll(counts: Count[]): Promise<void> {
  await Promise.all(counts.map(({ limiter, key }) => limiter.reward(key)));
}

/** Names can be long, and typed into the wrong field they may be passwords: their digest is kept. */
function digest(username: string): string {
  return createHash('sha256').update(username).digest('base64url');
}

function refuse(what: string, { msBeforeNext }: RateLimiterRes): Refusal {
  const retryAfterS = Math.max(1, Math.ceil(msBeforeNext / 1000));
  const wait =
    retryAfterS < 60
      ? plural(retryAfterS, 'second')
      : plural(Math.ceil(retryAfterS / 60), 'minute');
  return { message: `${what}. Please try again in ${wait}.`, retryAfterS };
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
