import { resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteText } from '../duckdb/quote-text.ts';
import { COLUMNS, columnsOf } from './columns.ts';
import { EXPORTED_TABLES, type ExportedTable, type Manifest } from './manifest.ts';

/**
 * Creates the views `user`, `message` and `follower` over the Parquet files of a manifest. A table without files gets an
 * empty view with the same columns. Existing views of these names are replaced.
 * @param folder the folder of the Parquet files, which has all files of the manifest
 * @param schema the DuckDB schema of the views, which is created if it is missing. It must be a plain identifier
 * @throws if a file is missing
 */
export async function createViews(
  duckdb: DuckDBConnection,
  folder: string,
  { tables }: Pick<Manifest, 'tables'>,
  schema = 'main',
): Promise<void> {
  await duckdb.run(`create schema if not exists ${schema}`);
  for (const table of EXPORTED_TABLES) {
    const paths = tables[table].files.map(({ path }) => resolve(folder, path));
    const query = paths.length > 0 ? readFiles(table, paths) : selectNothing(table);
    await duckdb.run(`create or replace view ${schema}."${table}" as ${query}`);
  }
}

/** Returns a query for the rows of Parquet files of a table, in the order of the files. */
export function readFiles(table: ExportedTable, paths: string[]): string {
  // By default, DuckDB adds a column for a folder such as `part=0`.
  return `select ${columnsOf(table).join(', ')}
    from read_parquet([${paths.map(quoteText).join(', ')}], hive_partitioning = false)`;
}

function selectNothing(table: ExportedTable): string {
  const columns = Object.entries(COLUMNS[table]).map(([name, type]) => `null::${type} as ${name}`);
  return `select ${columns.join(', ')} where false`;
}
