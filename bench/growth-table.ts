import {
  formatFactor,
  formatMs,
  formatRate,
  formatServer,
  formatTable,
  formatVerdict,
} from './format.ts';
import { type DatabaseResults, type PageSummary, type SizeResults, summarize } from './results.ts';

const GROWTH_MAX = 1.5;

/** Returns the section on each page's response time and rate by data set. */
export function formatGrowth(database: DatabaseResults): string {
  const { sizes } = database;
  const [first, last] = [sizes[0], sizes.at(-1)];
  if (!first || !last || first === last)
    return `${formatServer(database)}: only one data set was measured.`;
  const names = sizes.map(({ size }) => size);
  const rows = first.pages.map(({ page }) => {
    const each = sizes.map((size) => summaryOf(size, page.name));
    const growth = (each.at(-1)?.p50Ms ?? Number.NaN) / (each[0]?.p50Ms ?? Number.NaN);
    return [
      page.name,
      ...each.map((summary) => (summary ? formatMs(summary.p50Ms) : '–')),
      ...each.map((summary) => (summary ? formatRate(summary.requestsPerS) : '–')),
      formatFactor(growth),
      formatVerdict(growth < GROWTH_MAX),
    ];
  });
  const columns = [
    'Page',
    ...names.map((name) => `${name}, p50 ms`),
    ...names.map((name) => `${name}, requests/s`),
    `p50, ${first.size} to ${last.size}`,
    `Under ${GROWTH_MAX} x`,
  ].join(' | ');
  const missing = names.includes('L')
    ? ''
    : '\n\nL was not measured. `npm run bench -- --large` measures it.';
  return `### ${formatServer(database)}\n\n${formatTable(columns, rows)}${missing}`;
}

function summaryOf({ pages }: SizeResults, name: string): PageSummary | null {
  const measured = pages.find(({ page }) => page.name === name);
  return measured ? summarize(measured) : null;
}
