import type { Statistic, Value } from '../statistics/statistics.ts';
import { chartContent, type Content, readRecords, type View } from './cards.ts';
import { drawBars } from './chart.ts';
import { formatDayAxis, formatGrowth, formatMonth, formatNumber } from './formats.ts';

type Period = 'day' | 'week' | 'month';

// A chart shows this number of the last periods. The CSV has all of them.
const LAST: Record<Period, number> = { day: 90, week: 52, month: Infinity };
const LABELS: Record<Period, (days: string[]) => string[]> = {
  day: formatDayAxis,
  week: formatDayAxis,
  month: (days) => days.map(formatMonth),
};
// With fewer weeks than this, the chart by day is visible first.
const WEEKS_MIN = 8;

type PeriodRow = { period: Period; starts_on: string; [column: string]: Value };

/** Returns charts of a statistic's column by day, week and month. The last period of each is incomplete. */
export function periodViews(
  statistics: Statistic[],
  name: string,
  { column, title }: { column: string; title: string },
): Content {
  const all = readRecords<PeriodRow>(statistics, name);
  if (all.length === 0) return chartContent([]);
  const periods: Period[] = ['day', 'week', 'month'];
  const views = periods.map((period): View => {
    const rows = all.filter((row) => row.period === period);
    const values = rows.map((row) => row[column] as number | null);
    const shown = rows.slice(-LAST[period]);
    const shownValues = values.slice(-LAST[period]);
    return {
      label: `by ${period}`,
      legend: [],
      svg: drawBars(LABELS[period](shown.map((row) => row.starts_on)), shownValues, {
        isLastPartial: true,
      }),
      columns: [period === 'day' ? 'day' : `${period} from`, title, 'change'],
      rows: rows
        .map((row, at) => [
          row.starts_on,
          formatNumber(values[at] ?? null),
          formatPeriodGrowth(values, at),
        ])
        .slice(-LAST[period]),
    };
  });
  const weeks = all.filter(({ period }) => period === 'week').length;
  return chartContent(views, weeks < WEEKS_MIN ? 0 : 1);
}

/** The last period is incomplete, so it has no growth. */
function formatPeriodGrowth(values: (number | null)[], at: number): string {
  if (at === values.length - 1) return '–';
  return formatGrowth(values[at] ?? null, values[at - 1] ?? null) ?? '–';
}
