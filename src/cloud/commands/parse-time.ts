import { InvalidArgumentError } from '@commander-js/extra-typings';
import { z } from 'zod';
import { formatTime } from '../../cli/times.ts';

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };
const TIME = 'a date and a time with its zone, such as 2026-11-28T10:00Z';

const timeSchema = z.union([
  z.iso.datetime({ offset: true, precision: -1 }),
  z.iso.datetime({ offset: true, precision: 0 }),
]);

/**
 * Parses a time in the past with its zone, such as `2026-11-28T10:00Z` or `2026-11-28T11:00:30+01:00`.
 * @returns the time in UTC, as CloudFormation accepts it: `2026-11-28T10:00:00Z`
 * @throws InvalidArgumentError for another text, a time without a zone and a time in the future
 */
export function parseRestoreTime(text: string): string {
  const time = parseTime(text, `It must be ${TIME}.`);
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * Parses a time as `parseRestoreTime` does, or a duration before now such as `30m`, `2h` or `3d`.
 * @throws InvalidArgumentError for another text, a time without a zone and a time in the future
 */
export function parseSince(text: string): Date {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * (UNIT_MS[unit] ?? 0));
  return parseTime(text, `It must be a duration such as 30m, 2h or 3d, or ${TIME}.`);
}

/** Throws an error with the text `expected` for another text. */
function parseTime(text: string, expected: string): Date {
  if (timeSchema.safeParse(`${text}Z`).success) {
    throw new InvalidArgumentError(`It has no time zone. For UTC, append Z: ${text}Z.`);
  }
  if (!timeSchema.safeParse(text).success) throw new InvalidArgumentError(expected);
  const time = new Date(text);
  if (Number(time) > Date.now()) {
    throw new InvalidArgumentError(`It is in the future. Now is ${formatTime(new Date())}.`);
  }
  return time;
}
