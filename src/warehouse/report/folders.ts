import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder in which a run's report is kept. */
export function reportFolder(folder: string, run: string): string {
  return join(folder, 'runs', run);
}

/** The path of the last run's report; null when there is none. */
export async function findLastReport(folder: string): Promise<string | null> {
  const runs = await readdir(join(folder, 'runs')).catch(() => []);
  // the later run has the greater id
  const paths = runs
    .toSorted((a, b) => a.localeCompare(b))
    .map((run) => join(reportFolder(folder, run), 'report.html'));
  return paths.findLast((path) => existsSync(path)) ?? null;
}
