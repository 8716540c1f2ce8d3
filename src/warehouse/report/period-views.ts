import type { Statistic, Value } from '../statistics/statistics.ts';
import { chartContent, type Content, readRecords, type View } from './cards.ts';
import { drawBars } from './chart.ts';
import { formatDay, formatMonth, formatNumber } from './formats.ts';

type Period = 'day' | 'week' | 'month';

// A chart shows this number of the last periods. The CSV has all of them.
const LAST: Record<Period, number> = { day: 90, week: 52, month: Infinity };
const FORMAT: Record<Period, (day: string) => string> = {
  day: formatDay,
  week: formatDay,
  month: formatMonth,
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
  const weeks = all.filter(({ period }) => period === 'week').length;
  const periods: Period[] = ['day', 'week', 'month'];
  const views = periods.map((period): View => {
    const rows = all.filter((row) => row.period === period).slice(-LAST[period]);
    const values = rows.map((row) => row[column] as number | null);
    return {
      label: `by ${period}`,
      legend: [],
      svg: drawBars(
        rows.map((row) => FORMAT[period](row.starts_on)),
        values,
        { isLastPartial: true },
      ),
      columns: [period === 'day' ? 'day' : `${period} from`, title],
      rows: rows.map((row, at) => [row.starts_on, formatNumber(values[at] ?? null)]),
    };
  });
  return chartContent(views, weeks < WEEKS_MIN ? 0 : 1);
}
