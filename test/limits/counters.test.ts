import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import type { RateLimitCounters } from '../../src/limits/counters.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { useLimitsStore } from '../support/limits-store.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const store = useLimitsStore(database);
// Two instances, each with its own connections.
const one = store.open(database);
const other = store.open(otherDatabase);

const hourly = (key: string, points: number) => ({ key, points, windowMs: 3_600_000 });

async function pointsOf(key: string): Promise<number | undefined> {
  const counters = await store.listCounters();
  return counters.find((counter) => counter.key.endsWith(key))?.points;
}

async function waitMsOf(key: string, counters: RateLimitCounters): Promise<number> {
  const { refusal } = await counters.count([hourly(key, 1)]);
  return refusal?.waitMs ?? 0;
}

test('concurrent events of two instances are counted at all counters or at none', async () => {
  const results = await Promise.all(
    Array.from({ length: 400 }, (_, index) =>
      (index % 2 ? one : other).count([
        hourly('wide', 100),
        hourly(`narrow ${index % 10}`, 7),
        hourly(`own ${index}`, 1),
      ]),
    ),
  );
  const refused = results.filter(({ refusal }) => refusal !== null);
  expect(refused.length).toBe(400 - 70);
  expect(new Set(refused.map(({ refusal }) => refusal?.counter.points))).toEqual(new Set([7]));
  expect(await pointsOf('wide')).toBe(70);
  for (let key = 0; key < 10; key++) expect(await pointsOf(`narrow ${key}`)).toBe(7);
  const own = (await store.listCounters()).filter(({ key }) => key.includes('own '));
  expect(own.reduce((sum, { points }) => sum + points, 0)).toBe(70);
});

test('the first full counter refuses an event, and the last points have exhausted their counters', async () => {
  const counters = [hourly('first', 3), hourly('second', 2), hourly('third', 2)];
  expect((await one.count(counters)).exhausted).toEqual([]);
  expect((await other.count(counters)).exhausted).toEqual([counters[1], counters[2]]);
  const { refusal, exhausted } = await one.count(counters);
  expect(refusal?.counter).toBe(counters[1]);
  expect(exhausted).toEqual([]);
});

test('a refused event does not extend the window', async () => {
  await one.count([hourly('refused', 1)]);
  const waitMs = [];
  for (let event = 0; event < 5; event++) waitMs.push(await waitMsOf('refused', other));
  expect(waitMs[0]).toBeGreaterThan(3_500_000);
  expect(waitMs).toEqual(waitMs.toSorted((a, b) => b - a));
});

test('a refund retains the window, and does not change the next one', async () => {
  const { refund } = await one.count([hourly('refunded', 1)]);
  const before = await waitMsOf('refunded', one);
  await refund();
  expect(await pointsOf('refunded')).toBe(0);
  const next = await other.count([hourly('refunded', 1)]);
  expect(next.refusal).toBeNull();
  expect(await waitMsOf('refunded', one)).toBeLessThanOrEqual(before);

  await store.endWindows('refunded');
  await next.refund();
  expect((await one.count([hourly('refunded', 2)])).refusal).toBeNull();
  await next.refund();
  expect(await pointsOf('refunded')).toBe(1);
});

test('a new window has all points', async () => {
  for (let event = 0; event < 2; event++) await one.count([hourly('new', 2)]);
  await store.endWindows('new');
  const { refusal, exhausted } = await other.count([hourly('new', 2)]);
  expect([refusal, exhausted]).toEqual([null, []]);
  expect(await pointsOf('new')).toBe(1);
});
