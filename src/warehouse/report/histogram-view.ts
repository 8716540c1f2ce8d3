import type { Statistic } from '../statistics/statistics.ts';
import { chartContent, type Content, readRecords } from './cards.ts';
import { drawBars } from './chart.ts';
import { formatNumber, formatRange, formatShort } from './formats.ts';

/** A histogram of a statistic. */
export interface Histogram {
  /** The label of the axis: `characters`. */
  of: string;
  /** The statistic's column with the counts, and its label. */
  column: string;
  title: string;
  /** Returns the end of the bin that begins at a value, or null for the last bin, which has no end. */
  next: (from: number) => number | null;
}

type HistogramRow = { at_least: number; [column: string]: number };

/** Returns a chart with the count of each bin, including empty bins. */
export function histogramView(statistics: Statistic[], name: string, steps: Histogram): Content {
  const found = readRecords<HistogramRow>(statistics, name);
  const highest = found.at(-1)?.at_least;
  if (highest === undefined) return chartContent([]);
  const counts = new Map(found.map((step) => [step.at_least, step[steps.column] ?? 0]));
  const starts: number[] = [];
  for (let from: number | null = 0; from !== null && from <= highest; from = steps.next(from)) {
    starts.push(from);
  }
  const values = starts.map((from) => counts.get(from) ?? 0);
  return chartContent([
    {
      label: 'all',
      legend: [],
      svg: drawBars(starts.map(formatShort), values, { isLastPartial: false }),
      columns: [steps.of, steps.title],
      rows: starts.map((from, at) => [
        formatRange(from, steps.next(from)),
        formatNumber(values[at] ?? 0),
      ]),
    },
  ]);
}
