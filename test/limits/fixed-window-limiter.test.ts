import { expect, test } from 'vitest';
import { createFixedWindowLimiter } from '../../src/limits/fixed-window-limiter.ts';

function useBudget(options = {}) {
  let nowMs = 0;
  const now = () => nowMs;
  const budget = createFixedWindowLimiter({
    points: 2,
    windowMs: 1000,
    maxKeys: 3,
    now,
    ...options,
  });
  return { budget, wait: (ms: number) => (nowMs += ms) };
}

test('a key gets its points in a window that starts with its first event', () => {
  const { budget, wait } = useBudget();
  wait(500);
  expect(budget.consume('a')).toBe(0);
  wait(400);
  expect(budget.consume('a')).toBe(0);
  expect(budget.consume('a')).toBe(600);
  expect(budget.consume('b')).toBe(0);
  wait(599);
  expect(budget.consume('a')).toBe(1);
  wait(1);
  expect(budget.consume('a')).toBe(0);
});

test('refused events do not prolong a window', () => {
  const { budget, wait } = useBudget();
  for (let event = 0; event < 100; event++) budget.consume('a');
  wait(1000);
  expect(budget.consume('a')).toBe(0);
});

test('no more than maxKeys windows are stored, and the key in use is not forgotten', () => {
  const { budget } = useBudget();
  for (let event = 0; event < 3; event++) budget.consume('in use');
  for (let key = 0; key < 1000; key++) {
    expect(budget.consume(`other ${key}`)).toBe(0);
    expect(budget.consume('in use')).toBeGreaterThan(0);
  }
  // Its window was forgotten.
  expect(budget.consume('other 0')).toBe(0);
  expect(budget.consume('other 0')).toBe(0);
  expect(budget.consume('other 0')).toBeGreaterThan(0);
});
