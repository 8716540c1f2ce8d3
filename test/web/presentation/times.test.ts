import { expect, test } from 'vitest';
import { formatTime, formatIsoTime } from '../../../src/web/presentation/times.ts';

test('formats a time as MiniTwit does, in UTC', () => {
  const iso = formatIsoTime(1_795_300_565);
  expect(iso).toBe('2026-11-21T22:36:05Z');
  expect(formatTime(iso)).toBe('2026-11-21 @ 22:36 UTC');
});
