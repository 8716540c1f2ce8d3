import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawGrowth } from './growth-chart.ts';
import { describeMethod } from './method.ts';
import { drawRatios } from './ratio-chart.ts';
import type { Results } from './results.ts';
import {
  describeGrowth,
  describeMemory,
  describePages,
  describeProfiles,
  describeQueries,
  describeStorms,
} from './tables.ts';

const WHY_IT_GROWS = `
With S, every message and every user’s page fits into what a server keeps of them. With L, most of those
that are asked for are made for the first time, as when a server has just started (below each table of
pages). So the pages grow of which there are many.`;

/**
 * Keeps the results, with their charts, in the folder that the options say.
 * @returns them as they are kept
 */
export async function writeReport(results: Results): Promise<string> {
  const { folder } = results.options;
  const path = join(folder, 'results.md');
  const options = await resolveConfig(path);
  const report = await format(describe(results), { ...options, parser: 'markdown' });
  await mkdir(folder, { recursive: true });
  await writeFile(path, report);
  await writeFile(join(folder, 'growth.svg'), drawGrowth(results));
  await writeFile(join(folder, 'ratios.svg'), drawRatios(results));
  return report;
}

function describe(results: Results): string {
  const { databases } = results;
  return [
    '# What MiniTwit costs',
    describeMethod(results),
    '![Requests a second as a share of Express’s hello](ratios.svg)',
    ...databases.map(describePages),
    '## What the server does for a page',
    'Its main thread, by `node --cpu-prof`, whose own cost is in it: by whose code was running.',
    ...databases.map(describeProfiles),
    '## Growth',
    '![The median answer from data set to data set](growth.svg)',
    WHY_IT_GROWS,
    ...databases.map(describeGrowth),
    '## While people log in without pause',
    ...databases.map(describeStorms),
    '## Memory',
    ...databases.map(describeMemory),
    '## What the pages ask the database',
    ...databases.map(describeQueries),
  ].join('\n\n');
}
