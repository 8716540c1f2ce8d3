import type { Connection } from 'mysql2/promise';
import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import {
  type CopiedTable,
  type TableCopyOptions,
  type CopyProgress,
  copyTable,
} from './copy-table.ts';
import { sumRange } from './queries.ts';
import { createCopyEndpoint, type CopyEndpoint } from './endpoint.ts';
import { TABLES, type Table } from './tables.ts';
import { createThrottle } from './throttle.ts';

const WAIT_MAX_MS = 60_000;
const ROWS_OF_A_RANGE = 65_536;

/** The options of a copy. */
export interface CopyOptions {
  /** Whether password hashes are copied. Otherwise the warehouse has '' instead of each. */
  withCredentials: boolean;
  /** The most rows a second that are read from the source. Null for no limit. */
  maxRowsPerSecond: number | null;
  onProgress: (progress: CopyProgress) => void;
  signal: AbortSignal;
}

/** The result of a copy. */
export interface CopyResult {
  /** The source's time at the snapshot that was copied, in seconds since 1970. */
  asOfS: number;
  /** The tables in the order of the copy. */
  tables: CopiedTable[];
}

/**
 * Copies a consistent snapshot of the source's tables to the warehouse. Each table of the source is locked against
 * `alter table` only while it is copied. The source's user needs only `SELECT`.
 * @throws OperatorError, one line, if a database cannot be reached or is lost, if the source lacks tables, if the
 *   source has no users but the warehouse has, and if a range differs after it was sent; the signal's reason
 */
export async function copyDatabase(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  { withCredentials, maxRowsPerSecond, onProgress, signal }: CopyOptions,
): Promise<CopyResult> {
  const throttle = createThrottle(maxRowsPerSecond, signal);
  return withEndpoints(source, warehouse, signal, async (endpoints) => {
    await checkTables(endpoints.source);
    await assertSourceNotEmpty(endpoints.source, endpoints.warehouse);
    const asOfS = await beginSnapshot(endpoints.source);
    for (const endpoint of endpoints.inserters) await prepareWarehouseSession(endpoint);
    const copying = { ...endpoints, withCredentials, throttle, onProgress };
    const tables: CopiedTable[] = [];
    for (const table of TABLES) {
      await endpoints.source.write('savepoint before_table');
      tables.push(await copyTable(copying, narrowRanges(table, maxRowsPerSecond)));
      // This releases the table's metadata lock, so `alter table` need not wait for the other tables.
      await endpoints.source.write('rollback to savepoint before_table');
    }
    return { asOfS, tables };
  });
}

/**
 * Checks that a source can be copied.
 * @throws OperatorError, one line, if it cannot be reached, lacks tables, or its user lacks rights
 */
export async function checkSource(source: DatabaseConfig, waitMaxMs: number): Promise<void> {
  await withConnection(source, { waitMaxMs }, (connection) =>
    checkTables(createSource(connection)),
  );
}

/** Opens two connections to the warehouse: with one, the warehouse would be idle during each round trip. */
function withEndpoints<T>(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  signal: AbortSignal,
  work: (endpoints: Pick<TableCopyOptions, 'source' | 'warehouse' | 'inserters'>) => Promise<T>,
): Promise<T> {
  const retryOptions = { waitMaxMs: WAIT_MAX_MS, signal };
  return withConnection(source, retryOptions, (from) =>
    withConnection(warehouse, retryOptions, (to) =>
      withConnection(warehouse, retryOptions, (to2) => {
        const first = createCopyEndpoint('The warehouse', to);
        const second = createCopyEndpoint('The warehouse', to2);
        return work({ source: createSource(from), warehouse: first, inserters: [first, second] });
      }),
    ),
  );
}

function createSource(connection: Connection): CopyEndpoint {
  return createCopyEndpoint("MiniTwit's database", connection);
}

async function checkTables(source: CopyEndpoint): Promise<void> {
  try {
    for (const table of TABLES) await source.read(sumRange(table, true), { from: 0, to: 1 });
  } catch (error) {
    const advice =
      'It needs the tables of this version (npm run migrate adds missing ones), and its user needs the right to select.';
    throw new OperatorError(`${errorMessage(error)}. ${advice}`, { cause: error });
  }
}

/** Narrows the ranges to about the keys that may be read in a second, so that no pause is much longer than a second. */
function narrowRanges(table: Table, maxRowsPerSecond: number | null): Table {
  if (maxRowsPerSecond === null) return table;
  const share = Math.min(1, maxRowsPerSecond / ROWS_OF_A_RANGE);
  const rangeWidth = Math.max(table.blockWidth, Math.floor(table.rangeWidth * share));
  return { ...table, rangeWidth };
}

/** Starts a transaction with a consistent snapshot, and returns its time: the server's, in seconds since 1970. */
export async function beginSnapshot(source: CopyEndpoint): Promise<number> {
  await source.write('start transaction with consistent snapshot, read only');
  const [now] = await source.read<{ asOfS: number }>('select unix_timestamp() as asOfS');
  return now?.asOfS ?? 0;
}

/**
 * @throws OperatorError if the source has no users but the warehouse has: the source may be new after a loss of data
 */
async function assertSourceNotEmpty(source: CopyEndpoint, warehouse: CopyEndpoint): Promise<void> {
  const sql = 'select exists (select 1 from user) as found';
  const [theirs, ours] = await Promise.all(
    [source, warehouse].map((endpoint) => endpoint.read<{ found: number }>(sql)),
  );
  if (theirs?.[0]?.found === 1 || ours?.[0]?.found !== 1) return;
  throw new OperatorError(
    "MiniTwit's database has no users, but the warehouse has. Nothing was copied. To restore the database, see docs/warehouse.md.",
  );
}

async function prepareWarehouseSession(warehouse: CopyEndpoint): Promise<void> {
  // The checksum of a range includes the rows that both connections have not committed yet.
  await warehouse.write('set session transaction isolation level read uncommitted');
  // A table may be copied before the tables to which it refers.
  await warehouse.write(
    `set session foreign_key_checks = 0, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'`,
  );
}
