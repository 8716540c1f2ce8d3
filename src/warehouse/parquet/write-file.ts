import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteText } from '../duckdb/quote-text.ts';
import { columnsOf } from './columns.ts';
import { hashFile, moveDurably } from './durable-files.ts';
import { temporaryFolder } from './folder.ts';
import type { ExportedTable, ParquetFile } from './manifest.ts';
import { readFiles } from './views.ts';

// A row group is complete in memory before it is written, several times over, so long texts need smaller ones.
const GROUP_ROWS_MAX = 122_880;
const GROUP_ROWS_MIN = 2048;
const GROUP_BYTES = 6_000_000;
const NUMBER_BYTES = 8;

/** The content of a Parquet file. */
export interface FileContent {
  table: ExportedTable;
  part: number;
  /** A query for the rows in the order of the key, which returns the same rows each time. */
  query: string;
  /** The average number of characters in the texts of a row. */
  rowCharacters: number;
}

/** The properties of a Parquet file that its content determines. */
export type WrittenFile = Pick<ParquetFile, 'path' | 'part' | 'rows' | 'bytes' | 'sha256'>;

/**
 * Writes a Parquet file, reads it back, and moves it to the path that its content determines. After an interruption, the
 * path has the complete file or none.
 * @param folder the folder of the Parquet files
 * @throws if the disk is full, or if the file differs from the query
 */
export async function writeParquetFile(
  duckdb: DuckDBConnection,
  folder: string,
  { table, part, query, rowCharacters }: FileContent,
): Promise<WrittenFile> {
  const temporary = join(temporaryFolder(folder), `${table}-${part}.parquet`);
  const rowBytes = rowCharacters + NUMBER_BYTES * columnsOf(table).length;
  const groupRows = Math.round(GROUP_BYTES / rowBytes);
  // A second thread would need as much memory again.
  const threads = await readThreads(duckdb);
  await duckdb.run('set threads = 1');
  await duckdb.run(
    `copy (${query}) to ${quoteText(temporary)} (
      format parquet,
      compression zstd,
      -- The usual level 3 takes half as long again, for a file that is a tenth smaller.
      compression_level 1,
      -- A dictionary takes a quarter of the time. Texts and ids rarely repeat, so it saves nothing.
      dictionary_size_limit 1,
      row_group_size ${Math.min(GROUP_ROWS_MAX, Math.max(GROUP_ROWS_MIN, groupRows))}
    )`,
  );
  await duckdb.run(`set threads = ${threads}`);
  await chmod(temporary, 0o600);
  const rows = await verifyFile(duckdb, table, query, temporary);
  const { sha256, bytes } = await hashFile(temporary);
  const path = `${table}/part=${part}/${sha256.slice(0, 16)}.parquet`;
  await moveDurably(temporary, join(folder, path));
  return { path, part, rows, bytes, sha256 };
}

async function readThreads(duckdb: DuckDBConnection): Promise<number> {
  const reader = await duckdb.runAndReadAll("select current_setting('threads')");
  return Number(reader.getRows()[0]?.[0]);
}

/** Compares all values of a file with a query. Returns the number of rows. */
async function verifyFile(
  duckdb: DuckDBConnection,
  table: ExportedTable,
  query: string,
  path: string,
): Promise<number> {
  const [expected, actual] = [
    await sumRows(duckdb, table, query),
    await sumRows(duckdb, table, readFiles(table, [path])),
  ];
  if (expected.sum !== actual.sum) {
    throw new Error(`The Parquet file of ${table} differs from the rows that were written to it.`);
  }
  return actual.rows;
}

async function sumRows(duckdb: DuckDBConnection, table: ExportedTable, query: string) {
  const columns = columnsOf(table).join(', ');
  const reader = await duckdb.runAndReadAll(
    `select count(*), concat(count(*), ':', bit_xor(hash(${columns}))) from (${query})`,
  );
  const [[rows, sum] = []] = reader.getRows();
  return { rows: Number(rows), sum };
}
