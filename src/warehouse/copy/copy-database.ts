import type { QueryError } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { findOutage } from '../../database/query-errors.ts';
import { assertSourceNotEmpty, checkTables } from './check-source.ts';
import type { CopiedTable } from './copied-table.ts';
import { copyTable, type TableCopyOptions } from './copy-table.ts';
import { type CopyEndpoint, createCopyEndpoint, EndpointError } from './endpoint.ts';
import { ensureLedger } from './ledger.ts';
import type { Progress } from '../../cli/progress-bar.ts';
import { beginSnapshot } from './snapshot.ts';
import { TABLES } from './tables.ts';
import { createThrottle } from './throttle.ts';

const WAIT_MAX_MS = 60_000;

/** The options of a copy. */
export interface CopyOptions {
  /** Whether password hashes are copied. Otherwise the warehouse has '' instead of each. */
  withCredentials: boolean;
  /** The most rows a second that are read from the source. Null for no limit. */
  maxRowsPerSecond: number | null;
  /** Whether the checksums of all ranges are compared. By default, those of an eighth of the old messages are. */
  proveAll?: boolean;
  onProgress: (progress: Progress) => void;
  /** Called once, with a sentence, if the snapshot was lost and the copy begins again. */
  onRetry?: (message: string) => void;
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
 * Copies a consistent snapshot of the source's tables to the warehouse. A table of the source is locked against
 * `alter table` only during a statement that reads it. If the source restarts, or if a table is altered, the snapshot is
 * lost, and the copy begins once again. The source's user needs only `SELECT`.
 * @throws OperatorError, one line, if a database cannot be reached or is lost, if the source lacks tables or has a row
 *   that cannot be copied, if the source has no users but the warehouse has, and if a table differs after the copy; the
 *   signal's reason
 */
export async function copyDatabase(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  options: CopyOptions,
): Promise<CopyResult> {
  const copy = () =>
    withEndpoints(source, warehouse, options.signal, (endpoints) =>
      copySnapshot(source, endpoints, options),
    );
  try {
    return await copy();
  } catch (error) {
    options.signal.throwIfAborted();
    if (!isSnapshotLost(error)) throw error;
    options.onRetry?.(`${error.message}. The copy begins again with a new snapshot.`);
    return copy();
  }
}

/** Returns whether the source has ended the connection, or has altered a table that the snapshot still has to read. */
function isSnapshotLost(error: unknown): error is EndpointError {
  if (!(error instanceof EndpointError) || error.endpoint !== "MiniTwit's database") return false;
  const outage = findOutage(error.cause as QueryError);
  return outage !== null && outage !== 'timeout';
}

type Endpoints = Pick<TableCopyOptions, 'source' | 'warehouses'>;

async function copySnapshot(
  source: DatabaseConfig,
  endpoints: Endpoints,
  { maxRowsPerSecond, signal, proveAll = false, ...options }: CopyOptions,
): Promise<CopyResult> {
  const throttle = createThrottle(maxRowsPerSecond, signal);
  await checkTables(endpoints.source);
  const [warehouse] = endpoints.warehouses;
  await assertSourceNotEmpty(endpoints.source, warehouse);
  const { source: snapshot, asOfS } = await beginSnapshot(endpoints.source);
  for (const endpoint of endpoints.warehouses) await prepareWarehouseSession(endpoint);
  await ensureLedger(warehouse, source);
  await deleteDerivedRows(warehouse);
  const reading = { source: snapshot, asOfS, maxRowsPerSecond, throttle };
  const copying = { ...endpoints, ...options, ...reading, proveAll };
  const tables: CopiedTable[] = [];
  for (const table of TABLES) tables.push(await copyTable(copying, table));
  return { asOfS, tables };
}

/**
 * Checks that a source can be copied.
 * @throws OperatorError, one line, if it cannot be reached, lacks tables, has a row that cannot be copied, or its user
 *   lacks rights
 */
export async function checkSource(source: DatabaseConfig, waitMaxMs: number): Promise<void> {
  await withConnection(source, { waitMaxMs }, (connection) =>
    checkTables(createSource(connection)),
  );
}

/** Opens two connections to the warehouse. */
function withEndpoints<T>(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  signal: AbortSignal,
  work: (endpoints: Endpoints) => Promise<T>,
): Promise<T> {
  const retryOptions = { waitMaxMs: WAIT_MAX_MS, signal };
  return withConnection(source, retryOptions, (from) =>
    withConnection(warehouse, retryOptions, (to) =>
      withConnection(warehouse, retryOptions, (to2) => {
        const first = createCopyEndpoint('The warehouse', to);
        const second = createCopyEndpoint('The warehouse', to2);
        return work({ source: createSource(from), warehouses: [first, second] });
      }),
    ),
  );
}

function createSource(connection: Connection): CopyEndpoint {
  return createCopyEndpoint("MiniTwit's database", connection);
}

async function prepareWarehouseSession(warehouse: CopyEndpoint): Promise<void> {
  // It takes no gap locks, so the connections do not block each other's inserts.
  await warehouse.write('set session transaction isolation level read committed');
  // A table may be copied before the tables to which it refers.
  await warehouse.write(
    `set session foreign_key_checks = 0, innodb_lock_wait_timeout = 5, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'`,
  );
}

/** Deletes rows that earlier versions copied: they would outlive the users whom they describe. */
async function deleteDerivedRows(warehouse: CopyEndpoint): Promise<void> {
  for (const table of ['profile', 'taken_name']) await warehouse.write(`delete from ${table}`);
}
