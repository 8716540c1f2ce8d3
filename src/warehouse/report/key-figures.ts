import { formatGrowth } from './formats.ts';
import { type PastRun, readTotals, type Report, type Totals } from './report.ts';

const TITLES: Record<string, string> = {
  people: 'users',
  messages: 'messages',
  follows: 'follows',
  active_week: 'posted in 7 days',
  active_month: 'posted in 30 days',
};
// Runs that a schedule starts each week are seconds more or less than 28 days apart after four weeks.
const MONTH_MIN_MS = 27.5 * 86_400_000;

/** A key figure, and its changes since the previous run and since about a month ago. */
export interface KeyFigure {
  name: string;
  title: string;
  value: number;
  /** The latest one first. Empty without an earlier run that has the figure. */
  changes: Change[];
}

/** The change of a key figure since an earlier run. */
export interface Change {
  difference: number;
  /** In per cent: `+4.25 %`. Null if the earlier value is 0. */
  growth: string | null;
  /** The time of the earlier run's copy: ISO 8601, UTC. */
  since: string;
}

/** Returns the title of a key figure for readers. */
export function titleOfFigure(name: string): string {
  return TITLES[name] ?? name;
}

/** Returns the key figures of a report in their order. */
export function listKeyFigures(report: Report): KeyFigure[] {
  const earlier = listComparedRuns(report);
  return Object.entries(readTotals(report.statistics)).map(([name, value]) => ({
    name,
    title: titleOfFigure(name),
    value,
    changes: earlier.flatMap(({ asOf, figures }) => {
      // The report of an older version may lack the figure.
      const before = figures[name];
      if (before === undefined) return [];
      return [{ difference: value - before, growth: formatGrowth(value, before), since: asOf }];
    }),
  }));
}

/** Returns the previous run, and the newest run that is at least four weeks older than the report. */
function listComparedRuns({ asOf, before, history }: Report): PastRun[] {
  if (!before) return [];
  const previous = { run: before.run, asOf: before.asOf, figures: before.totals };
  const isMonthOld = (past: { asOf: string }) =>
    Date.parse(asOf) - Date.parse(past.asOf) >= MONTH_MIN_MS;
  const monthOld = isMonthOld(previous) ? undefined : history.findLast(isMonthOld);
  return monthOld ? [previous, monthOld] : [previous];
}

/** Returns the names of the key figures that a report or one of its earlier runs has, in the order of the report. */
export function listFigureNames({ statistics, history }: Report): string[] {
  const all: Totals[] = [readTotals(statistics), ...history.map(({ figures }) => figures)];
  return Array.from(new Set(all.flatMap((figures) => Object.keys(figures))));
}
