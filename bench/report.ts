import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawGrowth } from './growth-chart.ts';
import { formatMethod } from './method.ts';
import { drawRatios } from './ratio-chart.ts';
import type { Results } from './results.ts';
import { findCostSection } from './scaling/cost-section.ts';
import {
  formatGrowth,
  formatMemory,
  formatPages,
  formatProfiles,
  formatQueries,
  formatLoginLoads,
} from './tables.ts';

const GROWTH_EXPLANATION = `
With S, the caches hold every message and every user’s page. With L, most requests are for a page that is not in the
cache, as after a start of the server (see below each table of pages). Pages of which there are many
therefore become slower.`;

/**
 * Writes the report and its charts to `options.folder`.
 * @returns the report
 */
export async function writeReport(results: Results): Promise<string> {
  const { folder } = results.options;
  const path = join(folder, 'results.md');
  const options = await resolveConfig(path);
  await mkdir(folder, { recursive: true });
  // Another program measures the costs with a replica.
  const replicas = findCostSection(await readFile(path, 'utf8').catch(() => ''));
  const text = `${formatReport(results)}\n\n${replicas}`;
  const report = await format(text, { ...options, parser: 'markdown' });
  await writeFile(path, report);
  await writeFile(join(folder, 'growth.svg'), drawGrowth(results));
  await writeFile(join(folder, 'ratios.svg'), drawRatios(results));
  return report;
}

function formatReport(results: Results): string {
  const { databases } = results;
  return [
    '# Benchmark results',
    formatMethod(results),
    '![Requests a second as a share of Express’s hello](ratios.svg)',
    ...databases.map(formatPages),
    '## Processor time of a page',
    'The main thread’s time by package, measured by `node --cpu-prof`. The cost of the profiler is included.',
    ...databases.map(formatProfiles),
    '## Growth',
    '![Median response time by data set](growth.svg)',
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
