import { expect, test } from 'vitest';
import {
  formatDayAxis,
  formatDayBeside,
  formatGrowth,
} from '../../../src/warehouse/report/formats.ts';

test.each([
  [1042, 1000, '+4.2\u00a0%'],
  [1040, 1000, '+4.0\u00a0%'],
  [1000, 1000, '0\u00a0%'],
  [958, 1000, '−4.2\u00a0%'],
  [0, 1000, '−100\u00a0%'],
  [12_300, 1000, '+1,130\u00a0%'],
  [1_000_001, 1_000_000, '+0.0001\u00a0%'],
  [999_700, 1_000_000, '−0.03\u00a0%'],
  [1100, 1000, '+10.0\u00a0%'],
])('growth to %d from %d is %s', (value, earlier, growth) => {
  expect(formatGrowth(value, earlier)).toBe(growth);
});

test.each([
  [12, 0],
  [0, 0],
  [12, -3],
  [null, 12],
  [12, null],
])('there is no growth to %s from %s', (value, earlier) => {
  expect(formatGrowth(value, earlier)).toBeNull();
});

test('the day of another year has its year', () => {
  expect(formatDayBeside('2026-11-16T00:15:00.000Z', '2026-11-23')).toBe('16 Nov');
  expect(formatDayBeside('2025-11-24', '2026-11-23')).toBe('24 Nov 2025');
});

test('the labels of an axis name the year where it begins', () => {
  const weeks = ['2025-12-08', '2025-12-15', '2025-12-22', '2025-12-29', '2026-01-05'];
  const expected = ['8 Dec\n2025', '15 Dec', '22 Dec', '29 Dec', '5 Jan\n2026'];
  expect(formatDayAxis(weeks)).toEqual(expected);
  expect(formatDayAxis(weeks, 2)).toEqual(['8 Dec\n2025', '', '', '29 Dec', '']);
  expect(formatDayAxis(weeks, 3)).toEqual(['8 Dec\n2025', '', '22 Dec', '', '5 Jan\n2026']);
  expect(formatDayAxis([])).toEqual([]);
});
