import { expect, test } from 'vitest';
import { createFixedWindowLimiter } from '../../src/limits/fixed-window-limiter.ts';

function useLimiter(options = {}) {
  let nowMs = 0;
  const now = () => nowMs;
  const limiter = createFixedWindowLimiter({
    points: 2,
    windowMs: 1000,
    maxKeys: 3,
    now,
    ...options,
  });
  return { limiter, wait: (ms: number) => (nowMs += ms) };
}

test('allows the points of a key in a window that starts with its first event', () => {
  const { limiter, wait } = useLimiter();
  wait(500);
  expect(limiter.consume('a')).toBe(0);
  wait(400);
  expect(limiter.consume('a')).toBe(0);
  expect(limiter.consume('a')).toBe(600);
  expect(limiter.consume('b')).toBe(0);
  wait(599);
  expect(limiter.consume('a')).toBe(1);
  wait(1);
  expect(limiter.consume('a')).toBe(0);
});

test('does not extend a window by refused events', () => {
  const { limiter, wait } = useLimiter();
  for (let event = 0; event < 100; event++) limiter.consume('a');
  wait(1000);
  expect(limiter.consume('a')).toBe(0);
});

test('stores at most maxKeys windows, and drops the least recently used one', () => {
  const { limiter } = useLimiter();
  for (let event = 0; event < 3; event++) limiter.consume('in use');
  for (let key = 0; key < 1000; key++) {
    expect(limiter.consume(`other ${key}`)).toBe(0);
    expect(limiter.consume('in use')).toBeGreaterThan(0);
  }
  // The window of this key was dropped.
  expect(limiter.consume('other 0')).toBe(0);
  expect(limiter.consume('other 0')).toBe(0);
  expect(limiter.consume('other 0')).toBeGreaterThan(0);
});
