import type { PastRun, Report } from '../../../src/warehouse/report/report.ts';
import type { Statistic, Value } from '../../../src/warehouse/statistics/statistics.ts';

const DAY_MS = 86_400_000;

/** Creates a report of the run `second` with only the given statistics. */
export function reportOf(statistics: Statistic[], before: Report['before'] = null): Report {
  return {
    run: 'second',
    asOf: '2026-11-23T00:15:00.000Z',
    tables: [{ table: 'user', rows: 1234, checksum: '5', sent: 67, deleted: 8, parts: [] }],
    statistics,
    before,
    history: [],
  };
}

/** An earlier run, whose id is its day. */
export function pastRunOf(asOf: string, figures: PastRun['figures']): PastRun {
  return { run: `run-${asOf.slice(0, 10)}`, asOf, figures };
}

/** A statistic with a title and a meaning. */
export function statisticOf(name: string, columns: string[], rows: Value[][]): Statistic {
  return { name, title: `Title of ${name}`, meaning: `Meaning of ${name}.`, columns, rows };
}

/** Those that grow with time, of so many weeks. */
export function statisticsOfWeeks(count: number): Statistic[] {
  const days = daysBefore('2026-11-23', count * 7, 1);
  const weeks = daysBefore('2026-11-23', count, 7);
  const months = Array.from(new Set(days.map((day) => `${day.slice(0, 7)}-01`)));
  const periods = [
    ...days.map((day) => ['day', day]),
    ...weeks.map((day) => ['week', day]),
    ...months.map((day) => ['month', day]),
  ];
  return [
    statisticOf(
      'new-users',
      ['period', 'starts_on', 'new_users'],
      periods.map((period, at) => [...period, at * 7]),
    ),
    statisticOf(
      'active-users',
      ['day', 'daily', 'weekly', 'monthly', 'daily_share', 'weekly_share'],
      days.map((day, at) => [day, 100 + at, 300 + at, 1000 + at, 0.123, 0.345]),
    ),
    statisticOf(
      'posts',
      ['period', 'starts_on', 'active_users', 'posts', 'posts_per_active_user'],
      periods.map((period, at) => [...period, at * 5, at * 55, 11]),
    ),
    statisticOf(
      'retention',
      ['came_in', 'weeks_later', 'users', 'active_users', 'share'],
      weeks.flatMap((week, at) =>
        weeks.slice(at).map((_, later) => [week, later, 100, 40 - later / 2, 0.4 - later / 200]),
      ),
    ),
    statisticOf(
      'hours',
      ['weekday', 'hour', 'posts'],
      Array.from({ length: 7 * 24 }, (_, hour) => [Math.floor(hour / 24), hour % 24, 1000 + hour]),
    ),
  ];
}

function daysBefore(last: string, count: number, step: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.parse(last) - (count - 1 - index) * step * DAY_MS).toISOString().slice(0, 10),
  );
}
