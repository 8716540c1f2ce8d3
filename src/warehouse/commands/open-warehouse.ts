import { join } from 'node:path';
import { formatTime } from '../../cli/times.ts';
import { alignColumns } from '../../cli/table.ts';
import { writeDatabaseFile } from '../query/database-file.ts';
import { runQueryPrompt, type Terminal } from '../query/query-prompt.ts';
import { findNewestManifest, withNewestRun } from '../query/with-newest-run.ts';
import type { SqlContext } from './sql.ts';

/** Where `open` reads data. */
export type OpenContext = Pick<SqlContext, 'folder' | 'parquet' | 'fetch'>;

/**
 * Opens a prompt for queries of the newest run.
 * @throws OperatorError when there was no run
 */
export async function openPrompt(
  { folder, parquet, fetch }: OpenContext,
  terminal: Terminal,
): Promise<void> {
  await fetch();
  await withNewestRun(folder, parquet, (run) => runQueryPrompt(run, terminal));
}

/**
 * Writes a DuckDB database for other programs, and prints how each opens it.
 * @throws OperatorError when there was no run
 */
export async function printPaths(
  { folder, parquet, fetch }: OpenContext,
  print: (line: string) => void,
): Promise<void> {
  await fetch();
  const manifest = await findNewestManifest(parquet);
  const path = join(folder, 'warehouse.duckdb');
  await writeDatabaseFile(path, parquet, manifest);
  print(`The tables user, message and follower, as of ${formatTime(new Date(manifest.asOf))}.`);
  print(
    `Parquet files: ${parquet}. A newer run has other files, so run this command again after it.`,
  );
  for (const line of alignColumns(listPrograms(path))) print(line);
}

/** Returns the name of each program, and how it opens a DuckDB database. */
function listPrograms(path: string): string[][] {
  const quoted = JSON.stringify(path);
  const query = `'select count(*) from message'`;
  return [
    ['DuckDB', `duckdb -readonly '${path.replaceAll("'", String.raw`'\''`)}'`],
    [
      'Python, pandas',
      `import duckdb; duckdb.connect(${quoted}, read_only=True).sql(${query}).df()`,
    ],
    ['R', `DBI::dbGetQuery(DBI::dbConnect(duckdb::duckdb(${quoted}, read_only = TRUE)), ${query})`],
    ['Metabase', `With the DuckDB driver of MotherDuck: the database file ${path}, read only`],
    ['Tableau', `With the DuckDB connector of MotherDuck: the database file ${path}, read only`],
  ];
}
