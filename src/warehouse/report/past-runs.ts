import { drawTrend } from './chart.ts';
import { formatCsv } from './csv.ts';
import { formatGrowth, formatNumber } from './formats.ts';
import { listFigureNames, titleOfFigure } from './key-figures.ts';
import { type PastRun, readTotals, type Report } from './report.ts';
import { renderTemplate } from './templates.ts';

/** Renders the page of all runs in a report: trends of the key figures, and their table. It needs no script. */
export function renderPastRuns(report: Report): string {
  const { run, asOf, statistics, history } = report;
  const runs = [...history, { run, asOf, figures: readTotals(statistics) }];
  const names = listFigureNames(report);
  return renderTemplate('past-runs.njk', {
    report,
    columns: names.map(titleOfFigure),
    trends: names.map((name) => createTrend(name, runs)),
    rows: runs.map((past, at) => createRow(past, runs[at - 1], names)).toReversed(),
    csv: `data:text/csv;charset=utf-8;base64,${Buffer.from(formatRuns(runs, names)).toString('base64')}`,
  });
}

function createTrend(name: string, runs: PastRun[]): { title: string; svg: string | null } {
  const points = runs.flatMap(({ asOf, figures }) => {
    const value = figures[name];
    return value === undefined ? [] : [{ time: asOf, value }];
  });
  // One point is no trend.
  return { title: titleOfFigure(name), svg: points.length > 1 ? drawTrend(points) : null };
}

/** Creates the row of a run: each key figure, and its growth since the previous run, or null. */
function createRow(
  { run, asOf, figures }: PastRun,
  previous: PastRun | undefined,
  names: string[],
) {
  const cells = names.map((name) => {
    const value = figures[name] ?? null;
    return {
      value: formatNumber(value),
      growth: formatGrowth(value, previous?.figures[name] ?? null),
    };
  });
  return { run, asOf, cells };
}

function formatRuns(runs: PastRun[], names: string[]): string {
  return formatCsv({
    columns: ['run', 'as_of', ...names],
    rows: runs.map(({ run, asOf, figures }) => [
      run,
      asOf,
      ...names.map((name) => figures[name] ?? null),
    ]),
  });
}
