import { expect, test } from 'vitest';
import { formatTime, isoTime } from '../../../src/web/presentation/times.ts';

test('a time is written as MiniTwit does, and marked as UTC', () => {
  const iso = isoTime(1_795_300_565);
  expect(iso).toBe('2026-11-21T22:36:05Z');
  expect(formatTime(iso)).toBe('2026-11-21 @ 22:36 UTC');
});
