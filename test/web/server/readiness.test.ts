import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheCheck } from '../../../src/web/server/readiness.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('returns one result to all calls during a check and for ttlMs after it', async () => {
  const ends: ((isReady: boolean) => void)[] = [];
  const check = cacheCheck(() => new Promise((resolve) => ends.push(resolve)), 1000);
  const calls = [check(), check()];
  await vi.advanceTimersByTimeAsync(5000);
  calls.push(check());
  ends[0]?.(true);
  expect(await Promise.all(calls)).toEqual([true, true, true]);
  await vi.advanceTimersByTimeAsync(999);
  expect(await check()).toBe(true);
  expect(ends).toHaveLength(1);

  await vi.advanceTimersByTimeAsync(1);
  const later = check();
  ends[1]?.(false);
  expect(await later).toBe(false);
});

test('returns false if the check rejects, and checks again after ttlMs', async () => {
  const results = [Promise.reject(new Error('no database')), Promise.resolve(true)];
  const check = cacheCheck(() => results.shift() ?? Promise.resolve(false), 1000);
  expect(await check()).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await check()).toBe(true);
});
