import { expect, test } from 'vitest';
import { createThrottle } from '../../../src/warehouse/copy/throttle.ts';

const { signal } = new AbortController();

test('so many rows a second are read, from the first on', async () => {
  let nowMs = 5000;
  const throttle = createThrottle(1000, signal, {
    now: () => nowMs,
    sleep: async (ms) => (nowMs += ms),
  });
  await throttle(2000);
  expect(nowMs).toBe(7000);
  // the server took its time
  nowMs = 8500;
  await throttle(3000);
  expect(nowMs).toBe(10_000);
  // A long pause without a read.
  nowMs = 20_000;
  await throttle(1000);
  expect(nowMs).toBe(20_000);
  await throttle(1000);
  expect(nowMs).toBe(21_000);
});

test('without a limit no read waits', async () => {
  const sleep = () => Promise.reject(new Error('it waits'));
  const throttle = createThrottle(null, signal, { now: () => 0, sleep });
  await expect(throttle(1_000_000)).resolves.toBeUndefined();
});

test('a stop is not waited for', async () => {
  const stopping = new AbortController();
  const waiting = createThrottle(1, stopping.signal)(1_000_000);
  stopping.abort();
  await expect(waiting).rejects.toThrow('aborted');
});
