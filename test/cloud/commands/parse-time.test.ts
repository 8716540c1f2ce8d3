import { expect, onTestFinished, test, vi } from 'vitest';
import { parseRestoreTime, parseSince } from '../../../src/cloud/commands/parse-time.ts';

const PARSERS = [parseRestoreTime, parseSince];

test.each([
  ['2025-11-28T10:00Z', '2025-11-28T10:00:00Z'],
  ['2025-11-28T10:00:30Z', '2025-11-28T10:00:30Z'],
  ['2025-11-28T10:00+01:00', '2025-11-28T09:00:00Z'],
])('a time of the command line, %s, is converted to UTC', (text, time) => {
  expect(parseRestoreTime(text)).toBe(time);
  expect(parseSince(text)).toEqual(new Date(time));
});

test.each([
  ['2025-11-28T10:00', 'It has no time zone. For UTC, append Z: 2025-11-28T10:00Z.'],
  ['2025-11-28T10:00:30', 'It has no time zone.'],
  ['2025-02-30T10:00Z', 'a date and a time with its zone'],
  ['2025-11-28', 'a date and a time with its zone, such as 2026-11-28T10:00Z.'],
  ['2025-11-28 10:00Z', 'It must be'],
  ['2025-11-28T10:00:00.5Z', 'It must be'],
  ['yesterday', 'It must be'],
  ['', 'It must be'],
  ['2999-01-01T00:00Z', 'It is in the future. Now is 20'],
])('a time of the command line, %j, is refused', (text, message) => {
  for (const parse of PARSERS) expect(() => parse(text)).toThrow(message);
});

test.each([
  ['30m', '2026-11-29T11:30:00Z'],
  ['2h', '2026-11-29T10:00:00Z'],
  ['3d', '2026-11-26T12:00:00Z'],
])('`logs` accepts the duration %s, and `restore` does not', (text, time) => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-29T12:00Z') });
  onTestFinished(() => void vi.useRealTimers());
  expect(parseSince(text)).toEqual(new Date(time));
  expect(() => parseRestoreTime(text)).toThrow('It must be a date and a time with its zone');
});

test.each(['2w', 'h', '-2h', '123456m'])('`logs` refuses the duration %s', (text) => {
  expect(() => parseSince(text)).toThrow('It must be a duration such as 30m, 2h or 3d, or a date');
});
