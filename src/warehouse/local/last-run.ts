import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatSize } from '../../cli/format-size.ts';
import { formatTime } from '../../cli/times.ts';
import { findLastReport } from '../report/folders.ts';
import { parseReport, type Report } from '../report/report.ts';
import { sumFiles } from './sum-files.ts';

/**
 * Formats the last run of this machine, locally or on AWS: its id, time and rows, its report, and the size of the folder.
 * @param folder the folder of the warehouse's data
 * @returns lines; none when there was no run
 */
export async function formatLastRun(folder: string): Promise<string[]> {
  const path = await findLastReport(folder);
  if (path === null) return [];
  const json = await readFile(join(dirname(path), 'stats.json'), 'utf8').catch(() => '');
  const report = parseReport(json);
  return [
    `The last run on this machine: ${report === null ? basename(dirname(path)) : formatReport(report)}.`,
    `Its report: ${pathToFileURL(path).href}`,
    `${folder} has ${formatSize(await sumFiles(folder))}.`,
  ];
}

function formatReport({ run, asOf, tables }: Report): string {
  const rows = tables.map((it) => `${it.rows.toLocaleString('en')} in ${it.table}`);
  return `${run}, as of ${formatTime(new Date(asOf))}, with these rows: ${rows.join(', ')}`;
}
