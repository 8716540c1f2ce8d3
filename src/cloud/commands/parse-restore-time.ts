import { InvalidArgumentError } from '@commander-js/extra-typings';
import { z } from 'zod';
import { formatTime } from '../../cli/times.ts';

const timeSchema = z.union([
  z.iso.datetime({ offset: true, precision: -1 }),
  z.iso.datetime({ offset: true, precision: 0 }),
]);

/**
 * Parses a time in the past with its zone, such as `2026-11-28T10:00Z` or `2026-11-28T11:00:30+01:00`.
 * @returns the time in UTC, as CloudFormation accepts it: `2026-11-28T10:00:00Z`
 * @throws InvalidArgumentError for another text and for a time in the future
 */
export function parseRestoreTime(text: string): string {
  if (timeSchema.safeParse(`${text}Z`).success) {
    throw new InvalidArgumentError('It has no time zone. Append Z for UTC.');
  }
  if (!timeSchema.safeParse(text).success) {
    throw new InvalidArgumentError(
      'It must be a date and a time with its zone, such as 2026-11-28T10:00Z.',
    );
  }
  const time = new Date(text);
  if (Number(time) > Date.now()) {
    throw new InvalidArgumentError(`It is in the future. Now is ${formatTime(new Date())}.`);
  }
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
