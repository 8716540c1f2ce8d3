import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Returns the folder of a run's report. */
export function reportFolder(folder: string, run: string): string {
  return join(folder, 'runs', run);
}

/** Lists the runs that have a folder for a report, the oldest first. */
export async function listReports(folder: string): Promise<string[]> {
  const runs = await readdir(join(folder, 'runs')).catch(() => []);
  // A later run has a greater id.
  return runs.toSorted((a, b) => a.localeCompare(b));
}

/** Returns the path of the last run's report, or null. */
export async function findLastReport(folder: string): Promise<string | null> {
  const runs = await listReports(folder);
  const paths = runs.map((run) => join(reportFolder(folder, run), 'report.html'));
  return paths.findLast((path) => existsSync(path)) ?? null;
}
