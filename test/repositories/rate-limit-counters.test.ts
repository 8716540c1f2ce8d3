import { expect, test } from 'vitest';
import { createRateLimitCounters } from '../../src/repositories/rate-limit-counters.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const counters = createRateLimitCounters(database);

/** Counts an event of a key that may happen twice in an hour. */
const count = (key: string) => counters.count([{ key, points: 2, windowMs: 3_600_000 }]);

test('a refusal takes one query', async () => {
  for (let event = 0; event < 2; event++) await count('a');
  const { requested } = database.state().pool;
  expect((await count('a')).refusal).not.toBeNull();
  expect(database.state().pool.requested).toBe(requested + 1);
});

test('concurrent events are counted on one connection', async () => {
  const { requested } = database.state().pool;
  await Promise.all(Array.from({ length: 100 }, (_, index) => count(`many ${index}`)));
  // One read and one transaction.
  expect(database.state().pool.requested - requested).toBe(2);
});

test('deleteExpired deletes at most `limit` rows whose windows have ended', async () => {
  await database.execute(`update rate_limit set expire = 5 where \`key\` like 'many 1%'`);
  expect(await counters.deleteExpired(4, 100)).toBe(0);
  expect(await counters.deleteExpired(5, 2)).toBe(2);
  // These are 1, and 10 to 19.
  expect(await counters.deleteExpired(5, 1000)).toBe(11 - 2);
});
