import { expect, test } from 'vitest';
import { parseRestoreTime } from '../../../src/cloud/commands/parse-restore-time.ts';

test.each([
  ['2025-11-28T10:00Z', '2025-11-28T10:00:00Z'],
  ['2025-11-28T10:00:30Z', '2025-11-28T10:00:30Z'],
  ['2025-11-28T10:00+01:00', '2025-11-28T09:00:00Z'],
])('parseRestoreTime converts %s to UTC', (text, time) => {
  expect(parseRestoreTime(text)).toBe(time);
});

test.each([
  ['2025-11-28T10:00', 'It has no time zone. Append Z for UTC.'],
  ['2025-11-28T10:00:30', 'It has no time zone.'],
  ['2025-02-30T10:00Z', 'It must be a date and a time with its zone'],
  ['2025-11-28', 'It must be a date and a time with its zone, such as 2026-11-28T10:00Z.'],
  ['2025-11-28 10:00Z', 'It must be'],
  ['2025-11-28T10:00:00.5Z', 'It must be'],
  ['yesterday', 'It must be'],
  ['', 'It must be'],
  ['2999-01-01T00:00Z', 'It is in the future. Now is 20'],
])('parseRestoreTime rejects %j', (text, message) => {
  expect(() => parseRestoreTime(text)).toThrow(message);
});
