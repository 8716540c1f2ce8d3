import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheCheck } from '../../../src/web/server/readiness.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('all who ask while a check runs, and for a while after it, share its result', async () => {
  const ends: ((isReady: boolean) => void)[] = [];
  const check = cacheCheck(() => new Promise((resolve) => ends.push(resolve)), 1000);
  const asked = [check(), check()];
  await vi.advanceTimersByTimeAsync(5000);
  asked.push(check());
  ends[0]?.(true);
  expect(await Promise.all(asked)).toEqual([true, true, true]);
  await vi.advanceTimersByTimeAsync(999);
  expect(await check()).toBe(true);
  expect(ends).toHaveLength(1);

  await vi.advanceTimersByTimeAsync(1);
  const later = check();
  ends[1]?.(false);
  expect(await later).toBe(false);
});

test('a check that fails is not ready, and the next one is made', async () => {
  const results = [Promise.reject(new Error('no database')), Promise.resolve(true)];
  const check = cacheCheck(() => results.shift() ?? Promise.resolve(false), 1000);
  expect(await check()).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await check()).toBe(true);
});
