import { Redis } from 'ioredis';
import { pino } from 'pino';
import { beforeAll, inject } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import type { RateLimitCounters } from '../../src/limits/counters.ts';
import { openRedisCounters, type RedisCounters } from '../../src/limits/redis-counters.ts';
import { createRateLimitCounters } from '../../src/repositories/rate-limit-counters.ts';
import { useCleanup } from './cleanup.ts';
import { startRedis } from './redis.ts';
import { waitFor } from './wait-for.ts';

/** The store in which the applications of a test file count for the limits. */
export interface LimitsStore {
  /** Opens the store as an instance does. The table is opened on this database, and Redis on another connection. */
  open: (database: Database) => RateLimitCounters;
  listCounters: () => Promise<{ key: string; points: number }[]>;
  /** Ends the windows of the counters whose keys end with a text. */
  endWindows: (suffix: string) => Promise<void>;
  /** Makes the store fail until `recover`. */
  fail: () => Promise<void>;
  recover: () => Promise<void>;
}

/** Returns the store of this project: the table in `database`, or a Redis server that is started for this file. */
export function useLimitsStore(database: Database): LimitsStore {
  return inject('limitsStore') === 'redis' ? useRedis() : createTable(database);
}

function createTable(database: Database): LimitsStore {
  return {
    open: createRateLimitCounters,
    listCounters: () => database.select('select `key`, points from rate_limit'),
    async endWindows(suffix) {
      await database.execute(
        `update rate_limit set expire = expire - 3600001 where \`key\` like concat('%', :suffix)`,
        { suffix },
      );
    },
    fail: async () => void (await database.execute('alter table rate_limit rename to away')),
    recover: async () => void (await database.execute('alter table away rename to rate_limit')),
  };
}

function useRedis(): LimitsStore {
  const defer = useCleanup();
  const starting = startRedis(defer);
  const opened: RedisCounters[] = [];
  let client: Redis;
  beforeAll(async () => {
    client = new Redis((await starting).config.port, '127.0.0.1');
    // Connections that are lost are expected.
    client.on('error', () => undefined);
    defer(() => client.disconnect());
  });

  async function open(): Promise<RedisCounters> {
    const { config } = await starting;
    const counters = openRedisCounters(config, 'tests', pino({ level: 'silent' }));
    defer(() => counters.close());
    opened.push(counters);
    await waitForConnection(counters);
    return counters;
  }

  return {
    open() {
      const opening = open();
      return { count: async (counters) => (await opening).count(counters) };
    },
    async listCounters() {
      const keys = await client.keys('*');
      return Promise.all(keys.map(async (key) => ({ key, points: Number(await client.get(key)) })));
    },
    async endWindows(suffix) {
      for (const key of await client.keys(`*${suffix}`)) await client.pexpire(key, 0);
    },
    fail: async () => (await starting).signal('SIGKILL'),
    async recover() {
      await (await starting).restart();
      for (const counters of opened) await waitForConnection(counters);
    },
  };
}

/** Waits until the counters can be used. */
export async function waitForConnection(counters: RateLimitCounters): Promise<void> {
  await waitFor('the store is connected', () =>
    counters.count([]).then(
      () => true,
      () => false,
    ),
  );
}
