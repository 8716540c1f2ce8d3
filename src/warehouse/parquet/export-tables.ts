import type { DuckDBConnection } from '@duckdb/node-api';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Progress } from '../../cli/progress-bar.ts';
import type { CopiedPart, CopiedTable } from '../copy/copied-table.ts';
import type { CopyEndpoint } from '../copy/endpoint.ts';
import { sumRange } from '../copy/queries.ts';
import { TABLES } from '../copy/tables.ts';
import { type ExportedTable, type Manifest, type ParquetFile } from './manifest.ts';
import { readPart } from './read-part.ts';
import { writeParquetFile } from './write-file.ts';

// Node.js needs memory at the same time.
const MEMORY_LIMIT = '80MB';

/** The options of an export. */
export interface ExportOptions {
  /** A connection to the warehouse's MySQL. It must have no other use. */
  warehouse: CopyEndpoint;
  duckdb: DuckDBConnection;
  /** The folder of the Parquet files. */
  folder: string;
  /** The verified tables. */
  tables: CopiedTable[];
  /** The newest manifest of an earlier run. Null for the first run. */
  previous: Manifest | null;
  /** Returns whether the folder has a file of the previous manifest. It may fetch the file. */
  ensureFile: (file: ParquetFile) => Promise<boolean>;
  /** Called after each written file. */
  onWritten: (file: ParquetFile) => void;
  /** Called after each part, with the rows of the table that are exported. */
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/**
 * Exports the warehouse's tables as Parquet files. A part with the checksum of the previous run's file is not written
 * again. All parts are read from one snapshot of the warehouse.
 * @returns the tables of the manifest
 * @throws OperatorError if the database fails, if a part is not the verified one, or if a number does not fit into 64
 *   bits with a sign; the signal's reason
 */
export async function exportTables(options: ExportOptions): Promise<Manifest['tables']> {
  await options.duckdb.run(`set memory_limit = '${MEMORY_LIMIT}'`);
  await options.warehouse.write('start transaction with consistent snapshot, read only');
  const exportTable = async (table: ExportedTable) => {
    const files: ParquetFile[] = [];
    let rows = 0;
    const copied = options.tables.find((it) => it.table === table);
    for (const part of copied?.parts ?? []) {
      files.push(await exportPart(options, table, part));
      rows += part.rows;
      options.onProgress({ table, rows, share: rows / (copied?.rows ?? rows) });
    }
    return { rows, files };
  };
  const [user, message, follower] = [
    await exportTable('user'),
    await exportTable('message'),
    await exportTable('follower'),
  ];
  await options.warehouse.write('commit');
  return { user, message, follower };
}

async function exportPart(
  options: ExportOptions,
  table: ExportedTable,
  proved: CopiedPart,
): Promise<ParquetFile> {
  options.signal.throwIfAborted();
  const same = options.previous?.tables[table].files.find(
    ({ part, rows, checksum }) =>
      part === proved.part && rows === proved.rows && checksum === proved.checksum,
  );
  if (same && (await options.ensureFile(same))) return { ...same, provedAtS: proved.provedAtS };
  const file = await writePart(options, table, proved);
  options.onWritten(file);
  return file;
}

async function writePart(
  { warehouse, duckdb, folder }: ExportOptions,
  table: ExportedTable,
  proved: CopiedPart,
): Promise<ParquetFile> {
  const keys = keysOf(table, proved.part);
  const { rows, characters } = await readPart(warehouse, duckdb, table, keys);
  // MySQL computes the checksum while DuckDB writes the file. DuckDB must not be closed before it has written the file.
  const [written, comparison] = await Promise.allSettled([
    writeParquetFile(duckdb, folder, {
      table,
      part: proved.part,
      query: 'select * from part',
      rowCharacters: characters / Math.max(1, rows),
    }),
    assertProved(warehouse, table, proved, rows),
  ]);
  if (comparison.status === 'rejected') throw comparison.reason;
  if (written.status === 'rejected') throw written.reason;
  await duckdb.run('drop table part');
  return { ...written.value, checksum: proved.checksum, provedAtS: proved.provedAtS };
}

/** @throws OperatorError if the part has changed since a copy verified it, maybe several runs ago */
async function assertProved(
  warehouse: CopyEndpoint,
  table: ExportedTable,
  { part, rows, checksum }: CopiedPart,
  rowsRead: number,
): Promise<void> {
  const keys = keysOf(table, part);
  const [sum] = await warehouse.read<{ total: number; checksum: string }>(
    sumRange(findTable(table), true),
    keys,
  );
  if (rowsRead === rows && sum?.total === rows && sum.checksum === checksum) return;
  throw new OperatorError(
    `The warehouse's table ${table} changed after it was verified: ${rowsRead} rows were exported from part ${part}, ` +
      `and ${rows} were verified. Do not change tables of MiniTwit in the warehouse. To correct it, run the command ` +
      'again, with --prove-all.',
  );
}

/** Returns the keys of a part. */
function keysOf(table: ExportedTable, part: number): { from: bigint; last: bigint } {
  const width = BigInt(findTable(table).partWidth);
  const from = BigInt(part) * width;
  return { from, last: from + width - 1n };
}

function findTable(name: ExportedTable) {
  const found = TABLES.find((table) => table.name === name);
  if (!found) throw new Error(`The copy has no table ${name}.`);
  return found;
}
