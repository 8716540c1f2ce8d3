const DUMP = 'dump.sql.gz';

/** Returns the key of a file of a run. */
export function runKey(run: string, file: string): string {
  return `runs/${run}/${file}`;
}

/** Returns the key of a file in the folder of the Parquet files and manifests. */
export function parquetKey(path: string): string {
  return `parquet/${path}`;
}

/** Returns the key of the dump of a run. */
export function dumpKey(run: string): string {
  return runKey(run, DUMP);
}

/** Returns the run to which the key of a file in a run's folder belongs, or null for other objects. */
export function findRunOfKey(key: string): string | null {
  const [runs, run = '', file = ''] = key.split('/');
  return runs === 'runs' && run !== '' && file !== '' ? run : null;
}

/** Returns the run whose dump has a key, or null for other objects. */
export function findRunOfDump(key: string): string | null {
  const [runs, run = '', file, ...rest] = key.split('/');
  return runs === 'runs' && file === DUMP && rest.length === 0 ? run : null;
}
