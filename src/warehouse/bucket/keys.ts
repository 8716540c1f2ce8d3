const DUMP = 'dump.sql.gz';

/** Where a file of a run is in the bucket. */
export function runKey(run: string, file: string): string {
  return `runs/${run}/${file}`;
}

/** Where its dump is. */
export function dumpKey(run: string): string {
  return runKey(run, DUMP);
}

/** The run whose dump is stored there; null when that is something else. */
export function findRunOfDump(key: string): string | null {
  const [runs, run = '', file, ...rest] = key.split('/');
  return runs === 'runs' && file === DUMP && rest.length === 0 ? run : null;
}
