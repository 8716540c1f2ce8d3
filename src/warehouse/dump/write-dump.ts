import { Readable, pipeline } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { createGzip } from 'node:zlib';
import mysql from 'mysql2/promise';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CopyEndpoint } from '../copy/endpoint.ts';
import { ALL_KEYS } from '../copy/keys.ts';
import { readRange } from '../copy/queries.ts';
import { beginSnapshot } from '../copy/snapshot.ts';
import { TABLES, type Table } from '../copy/tables.ts';
import {
  type TableChecksums,
  ENDING,
  PREPARATION,
  formatLastLine,
  formatHeaderLine,
  insertPrefix,
} from './format.ts';
import { checksumTables } from './table-checksums.ts';

// Far below max_allowed_packet of any server, and enough for some hundred messages of the greatest length.
const STATEMENT_MAX_BYTES = 256 * 1024;
const STATEMENT_MAX_ROWS = 1000;
// Level 1 has a tenth more bytes than level 6, and takes half the time.
const GZIP_LEVEL = 1;
const FORMAT = 2;

/** The origin of a dump. */
export interface DumpOrigin {
  run: string;
  /** The version of MiniTwit. */
  program: string;
  /** The time of the copied snapshot of MiniTwit's database: ISO 8601, UTC. */
  asOf: string;
}

/**
 * Returns a stream with a consistent dump of the warehouse's tables: SQL text, compressed by gzip, for `restoreDump` or
 * `zcat dump | mysql`. The connection must have no other use during the dump, and must be closed if the stream fails.
 * @param verified the counts and checksums of the tables that were verified. The stream fails with an OperatorError if
 *   a table differs: its rows were changed after a copy verified them, maybe several runs ago
 */
export function createDump(
  warehouse: CopyEndpoint,
  origin: DumpOrigin,
  verified: TableChecksums = {},
): Readable {
  const lines = Readable.from(listLines(warehouse, origin, verified));
  // The reader of the stream gets the error.
  return pipeline(lines, createGzip({ level: GZIP_LEVEL }), () => undefined);
}

async function* listLines(
  warehouse: CopyEndpoint,
  origin: DumpOrigin,
  verified: TableChecksums,
): AsyncGenerator<string> {
  await beginSnapshot(warehouse);
  const sums = await checksumTables(warehouse, FORMAT);
  for (const [table, sum] of Object.entries(verified)) {
    if (!isDeepStrictEqual(sums[table], sum)) throw createDifference(table);
  }
  const header = formatHeaderLine({
    format: FORMAT,
    ...origin,
    credentials: await hasCredentials(warehouse),
    rows: Object.fromEntries(Object.entries(sums).map(([table, { total }]) => [table, total])),
  });
  yield [header, ...PREPARATION, ''].join('\n');
  for (const table of TABLES) yield* listInserts(warehouse, table, sums);
  yield [ENDING, formatLastLine(sums), ''].join('\n');
  await warehouse.write('commit');
}

function createDifference(table: string): OperatorError {
  return new OperatorError(
    `The warehouse's table ${table} changed after it was verified, so no dump was written. Do not change tables of ` +
      'MiniTwit in the warehouse. To correct it, run the command again, with --prove-all.',
  );
}

async function* listInserts(
  warehouse: CopyEndpoint,
  table: Table,
  sums: TableChecksums,
): AsyncGenerator<string> {
  const sql = readRange(table, true);
  let total = 0;
  let rows: string[] = [];
  let sizeBytes = 0;
  const takeStatement = () => {
    const statement = `${insertPrefix(table)}${rows.join(', ')};\n`;
    total += rows.length;
    rows = [];
    sizeBytes = 0;
    return statement;
  };
  for await (const batch of warehouse.readBatches(sql, ALL_KEYS)) {
    for (const values of batch) {
      const row = `(${values.map((value) => mysql.escape(value)).join(', ')})`;
      const rowBytes = Buffer.byteLength(row) + 2;
      const isFull =
        sizeBytes + rowBytes > STATEMENT_MAX_BYTES || rows.length === STATEMENT_MAX_ROWS;
      if (isFull) yield takeStatement();
      rows.push(row);
      sizeBytes += rowBytes;
    }
  }
  if (rows.length > 0) yield takeStatement();
  if (total !== sums[table.name]?.total) {
    throw new Error(`Read ${total} rows of ${table.name} instead of ${sums[table.name]?.total}.`);
  }
}

async function hasCredentials(warehouse: CopyEndpoint): Promise<boolean> {
  const sql = `select exists (select 1 from user where pw_hash <> '') as found`;
  const [row] = await warehouse.read<{ found: number }>(sql);
  return row?.found === 1;
}
