import type { Logger } from 'pino';
import type { LimitsStoreConfig } from '../config/limits-store-settings.ts';
import type { RateLimitCounters } from './counters.ts';
import { createScript, openRedis } from './redis-connection.ts';

/** Counters on a Redis or Valkey server. */
export interface RedisCounters extends RateLimitCounters {
  /** Resolves after the first attempt to connect, or after two seconds. */
  waitUntilConnected(): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

/**
 * Opens the counters of a site, also while the server is down. They expire by themselves when their windows end.
 * @param site the name of the site, in which its instances count together
 */
export function openRedisCounters(
  config: LimitsStoreConfig,
  site: string,
  logger: Logger,
): RedisCounters {
  const redis = openRedis(config, logger);
  // On a cluster, a script may only use keys of one slot, which the text in braces determines.
  const toKey = ({ key }: { key: string }) => `minitwit:{${site}}:${key}`;

  return {
    async count(counters) {
      const keys = counters.map(toKey);
      const limits = counters.flatMap(({ points, windowMs }) => [points, windowMs]);
      const reply = (await redis.run(COUNT, keys, limits)) as CountReply;
      const [refusedIndex, waitMs, used, windowEndsMs] = reply;
      const counter = counters[refusedIndex - 1];
      if (counter) {
        const refusal = { counter, waitMs };
        return { refusal, exhausted: [], refund: () => Promise.resolve() };
      }
      return {
        refusal: null,
        exhausted: counters.filter(({ points }, index) => used[index] === points),
        refund: async () => void (await redis.run(REFUND, keys, windowEndsMs)),
      };
    },
    waitUntilConnected: () => redis.waitUntilConnected(),
    close: () => redis.close(),
  };
}

/** The index of the full counter, beginning with 1, and its waiting time; or 0, 0, and the state of all counters. */
type CountReply = [refusedIndex: number, waitMs: number, used: number[], windowEndsMs: number[]];

// The values are the points and the window of each counter. All reads come first, because a script that fails does not
// roll back its writes. The clock of the server stands still while a script runs.
const COUNT = createScript(`
local ends = {}
for i, key in ipairs(KEYS) do
  ends[i] = redis.call('pexpiretime', key)
  if ends[i] > 0 and tonumber(redis.call('get', key)) >= tonumber(ARGV[2 * i - 1]) then
    return {i, redis.call('pttl', key), {}, {}}
  end
end
local used = {}
for i, key in ipairs(KEYS) do
  if ends[i] > 0 then
    used[i] = redis.call('incr', key)
  else
    redis.call('set', key, 1, 'px', ARGV[2 * i])
    used[i] = 1
    ends[i] = redis.call('pexpiretime', key)
  end
end
return {0, 0, used, ends}
`);

// The values are the ends of the windows in which the event was counted. Two windows of a key have different ends.
const REFUND = createScript(`
for i, key in ipairs(KEYS) do
  if redis.call('pexpiretime', key) == tonumber(ARGV[i]) and tonumber(redis.call('get', key)) > 0 then
    redis.call('decr', key)
  end
end
`);
