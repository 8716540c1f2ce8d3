import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatCsv } from './csv.ts';
import { renderHtml } from './html.ts';
import { renderPastRuns } from './past-runs.ts';
import type { Report } from './report.ts';

/**
 * Writes a report to a folder, which is created if it is missing: `report.html`, the page `history.html` of past runs,
 * `stats.json`, and a CSV of each statistic with the statistic's name.
 * @returns the path of `report.html`
 */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const files = [
    ['report.html', renderHtml(report)],
    ['history.html', renderPastRuns(report)],
    ['stats.json', `${JSON.stringify(report)}\n`],
    ...report.statistics
      .filter(({ error }) => error === undefined)
      .map((statistic) => [`${statistic.name}.csv`, formatCsv(statistic)]),
  ];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name = '', text = ''] of files) {
    // The files have usernames, so only the owner may read them.
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  return join(folder, 'report.html');
}
