import {
  BIGINT,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  VARCHAR,
} from '@duckdb/node-api';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CopyEndpoint, Row } from '../copy/endpoint.ts';
import { COLUMNS, columnsOf, type ColumnType } from './columns.ts';
import type { ExportedTable } from './manifest.ts';

// DuckDB's limit of a chunk.
const CHUNK_ROWS = 2048;
// DuckDB's memory limit does not apply to rows that the appender has not flushed.
const FLUSHED_CHARACTERS = 4_000_000;

const DUCKDB_TYPES = { BIGINT, VARCHAR };

/** The rows of a part, which are in a table of DuckDB. */
export interface PartRows {
  rows: number;
  /** The number of UTF-16 code units in all texts. */
  characters: number;
}

/**
 * Copies the rows with the keys from `from` to `last` from the warehouse's MySQL to the table `part` in DuckDB, in the
 * order of the key. Replaces an earlier table `part`.
 * @throws OperatorError if the database fails, or if a number does not fit into 64 bits with a sign
 */
export async function readPart(
  warehouse: CopyEndpoint,
  duckdb: DuckDBConnection,
  table: ExportedTable,
  keys: { from: bigint; last: bigint },
): Promise<PartRows> {
  const types = Object.entries(COLUMNS[table]).map(([name, type]) => `${name} ${type}`);
  await duckdb.run(`create or replace table part (${types.join(', ')})`);
  const appender = await duckdb.createAppender('part');
  // One chunk for all rows: the garbage collector does not know how much memory a chunk has.
  const chunk = DuckDBDataChunk.create(
    Object.values(COLUMNS[table]).map((type) => DUCKDB_TYPES[type]),
  );
  const part: PartRows = { rows: 0, characters: 0 };
  let pending = 0;
  try {
    for await (const rows of warehouse.readBatches(selectPart(table), keys)) {
      const characters = appendRows(appender, chunk, table, rows);
      part.characters += characters;
      part.rows += rows.length;
      pending += characters;
      if (pending < FLUSHED_CHARACTERS) continue;
      appender.flushSync();
      pending = 0;
    }
  } finally {
    appender.closeSync();
  }
  return part;
}

function selectPart(table: ExportedTable): string {
  const columns = columnsOf(table);
  const [lead = ''] = columns;
  const order = table === 'follower' ? columns.join(', ') : lead;
  return `select ${columns.join(', ')} from ${table} where ${lead} >= :from and ${lead} <= :last order by ${order}`;
}

/** Appends rows, and returns the number of characters in their texts. */
function appendRows(
  appender: DuckDBAppender,
  chunk: DuckDBDataChunk,
  table: ExportedTable,
  rows: Row[],
): number {
  let characters = 0;
  for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
    const slice = rows.slice(at, at + CHUNK_ROWS);
    chunk.reset();
    chunk.rowCount = slice.length;
    for (const [index, [column, type]] of Object.entries(COLUMNS[table]).entries()) {
      const values = slice.map((row) => toValue(row[index] ?? null, type, table, column));
      for (const value of values) if (typeof value === 'string') characters += value.length;
      chunk.setColumnValues(index, values);
    }
    appender.appendDataChunk(chunk);
  }
  return characters;
}

function toValue(
  value: Row[number] | null,
  type: ColumnType,
  table: ExportedTable,
  column: string,
): bigint | string | null {
  if (value === null || type === 'VARCHAR') return value === null ? null : String(value);
  // Larger integers arrive as text.
  if (typeof value === 'number') return BigInt(value);
  const number = BigInt(value);
  if (BigInt.asIntN(64, number) === number) return number;
  throw new OperatorError(
    `${table}.${column} ${number} cannot be exported: Parquet files have numbers up to ${2n ** 63n - 1n}. ` +
      'The copy in MySQL is complete. Delete or renumber the row, and run the command again.',
  );
}
