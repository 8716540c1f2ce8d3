import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

const REPORT = 'docs/reliability.md';
const SCENARIOS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
const BEGIN = '<!-- figures: npm run reliability writes them -->';
const END = '<!-- end of the figures -->';

interface Entry {
  scenario: string;
  figures: Record<string, number>;
}

/** Records the figures of a scenario. They are printed after the tests. */
export async function recordFigures(
  scenario: string,
  figures: Record<string, number>,
): Promise<void> {
  await appendFile(inject('figures'), `${JSON.stringify({ scenario, figures })}\n`);
}

/** Prints all figures after the tests, and writes them to docs/reliability.md if `WRITE_FIGURES` is set. */
export default async function collectFigures(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-figures-'));
  const file = join(folder, 'figures');
  await writeFile(file, '');
  project.provide('figures', file);
  return async () => {
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    const entries = lines.map((line) => JSON.parse(line) as Entry);
    await rm(folder, { recursive: true });
    const table = entries
      .toSorted((a, b) => a.scenario.localeCompare(b.scenario, 'en', { numeric: true }))
      .map(({ scenario, figures }) => `| ${scenario} | ${formatFigures(figures)} |`);
    const text = ['| Scenario | Measured |', '| --- | --- |', ...table].join('\n');
    console.log(`\n${text}\n`);
    if (process.env.WRITE_FIGURES) await writeReport(text);
  };
}

function formatFigures(figures: Record<string, number>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}: ${Math.round(value)}`)
    .join('; ');
}

async function writeReport(table: string): Promise<void> {
  const missing = SCENARIOS.filter((scenario) => !table.includes(`| ${scenario}. `));
  if (missing.length > 0)
    throw new Error(`${REPORT} was not written. Scenarios without figures: ${missing.join(', ')}.`);
  const report = await readFile(REPORT, 'utf8');
  const [before = '', rest = ''] = report.split(BEGIN);
  const [, after = ''] = rest.split(END);
  await writeFile(REPORT, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}
