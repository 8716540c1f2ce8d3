import { expect, test } from 'vitest';
import { formatTime, formatIsoTime } from '../../../src/web/presentation/times.ts';

test('formats a time as MiniTwit does, in UTC', () => {
  const iso = formatIsoTime(1_795_300_565);
  expect(iso).toBe('2026-11-21T22:36:05Z');
  expect(formatTime(iso)).toBe('2026-11-21 @ 22:36 UTC');
});

test('formats each time as `Date` does', () => {
  const DAY_S = 86_400;
  // Every day of more than 400 years, at a different time each.
  const times = Array.from({ length: 150_000 }, (_, day) => day * DAY_S + ((day * 7919) % DAY_S));
  expect(times.filter((seconds) => formatIsoTime(seconds) !== isoOf(seconds))).toEqual([]);
  const seconds = [0, DAY_S - 1, DAY_S, 951_782_399, 951_868_800, 253_402_300_799, 253_402_300_800];
  for (const each of [...seconds, -1, -62_167_219_201, 0.5, 8_640_000_000_000]) {
    expect(formatIsoTime(each)).toBe(isoOf(each));
  }
  expect(() => formatIsoTime(NaN)).toThrow(RangeError);
});

const isoOf = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000', '');
