import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Returns the folder of a run's report. */
export function reportFolder(folder: string, run: string): string {
  return join(folder, 'runs', run);
}

/** Returns the path of the last run's report, or null. */
export async function findLastReport(folder: string): Promise<string | null> {
  const runs = await readdir(join(folder, 'runs')).catch(() => []);
  // A later run has a greater id.
  const paths = runs
    .toSorted((a, b) => a.localeCompare(b))
    .map((run) => join(reportFolder(folder, run), 'report.html'));
  return paths.findLast((path) => existsSync(path)) ?? null;
}
