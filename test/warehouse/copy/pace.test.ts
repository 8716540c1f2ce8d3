import { expect, test } from 'vitest';
import { createPace } from '../../../src/warehouse/copy/pace.ts';

test('so many rows a second are read, from the first on', async () => {
  let nowMs = 5000;
  const clock = {
    now: () => nowMs,
    sleep: async (ms: number) => (nowMs += ms),
  };
  const pace = createPace(1000, clock);
  await pace(2000);
  expect(nowMs).toBe(7000);
  // the server took its time
  nowMs = 8500;
  await pace(3000);
  expect(nowMs).toBe(10_000);
  nowMs = 20_000;
  await pace(1000);
  expect(nowMs).toBe(20_000);
});

test('without a bound nobody waits', async () => {
  const sleep = () => Promise.reject(new Error('it waits'));
  await expect(createPace(null, { now: () => 0, sleep })(1_000_000)).resolves.toBeUndefined();
});
