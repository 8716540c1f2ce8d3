import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawGrowth } from './growth-chart.ts';
import { formatMethod } from './method.ts';
import { drawRatios } from './ratio-chart.ts';
import type { Results } from './results.ts';
import { findCostSection } from './scaling/cost-section.ts';
import { formatGrowth } from './growth-table.ts';
import { formatPages } from './page-table.ts';
import { formatLoginLoads, formatMemory, formatProfiles, formatQueries } from './tables.ts';

const GROWTH_EXPLANATION = `
With S, the caches hold every message and every user’s page. With L, most requests are for a page that is not in the
cache, as after a start of the server (see below each table of pages). Pages of which there are many
therefore become slower. The row “not cached” shows the growth of the work itself: no cache has its pages, and each page has
the same number of messages.`;

const PROFILE_EXPLANATION = `
The main thread’s time in µs a request: the whole, then the largest packages. \`node --cpu-prof\` measures it, and the cost of
the profiler is included.`;

/**
 * Writes the report and its charts to `options.folder`. A report that later runs do not replace has no charts.
 * @returns the report
 */
export async function writeReport(results: Results): Promise<string> {
  const { folder, reportName } = results.options;
  const path = join(folder, reportName === null ? 'results.md' : `results-${reportName}.md`);
  const options = await resolveConfig(path);
  await mkdir(folder, { recursive: true });
  // Another program measures the costs with a replica.
  const replicas = findCostSection(await readFile(path, 'utf8').catch(() => ''));
  const text = `${formatReport(results)}\n\n${replicas}`;
  const report = await format(text, { ...options, parser: 'markdown' });
  await writeFile(path, report);
  if (reportName !== null) return report;
  await writeFile(join(folder, 'growth.svg'), drawGrowth(results));
  await writeFile(join(folder, 'ratios.svg'), drawRatios(results));
  return report;
}

/** Returns the report, before Prettier formats it. */
export function formatReport(results: Results): string {
  const { databases, options } = results;
  const formatChart = (chart: string) => (options.reportName === null ? [chart] : []);
  return [
    '# Benchmark results',
    formatMethod(results),
    ...formatChart('![Requests a second as a share of Express’s hello](ratios.svg)'),
    ...databases.map(formatPages),
    '## Processor time of a page',
    PROFILE_EXPLANATION,
    ...databases.map(formatProfiles),
    '## Growth',
    ...formatChart('![Median response time by data set](growth.svg)'),
    GROWTH_EXPLANATION,
    ...databases.map(formatGrowth),
    '## Reads during continuous logins',
    ...databases.map(formatLoginLoads),
    '## Memory',
    ...databases.map(formatMemory),
    '## The queries of the pages',
    ...databases.map(formatQueries),
  ].join('\n\n');
}
