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

/** How a copy is to be made. */
export interface CopyOptions {
  /** Whether passwords' hashes go with it; the warehouse has '' in their place otherwise. */
  withCredentials: boolean;
  /** How fast the source may be read; null for as fast as it can. */
  maxRowsPerSecond: number | null;
  onProgress: (progress: CopyProgress) => void;
  signal: AbortSignal;
}

/** What the warehouse has after a copy. */
export interface CopyResult {
  /** The source's time when it was as it is in the warehouse now, in seconds since 1970. */
  asOfS: number;
  /** In the order in which they were copied. */
  tables: CopiedTable[];
}

/**
 * Makes the warehouse's tables the same as those of the source were at one moment, without locking any there for
 * longer than it takes to copy it. The source's user needs no more rights than to select.
 * @throws OperatorError, one line, when either cannot be reached or is lost, when the source lacks tables or has lost
 *   everybody, and when a part differs although it has just been sent; the signal's reason
 */
export async function copyDatabase(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  { withCredentials, maxRowsPerSecond, onProgress, signal }: CopyOptions,
): Promise<CopyResult> {
  const throttle = createThrottle(maxRowsPerSecond, signal);
  return withEndpoints(source, warehouse, signal, async (sides) => {
    await checkTables(sides.source);
    await assertSourceNotEmpty(sides.source, sides.warehouse);
    const asOfS = await beginSnapshot(sides.source);
    for (const side of sides.inserters) await prepareWarehouseSession(side);
    const copying = { ...sides, withCredentials, throttle, onProgress };
    const tables: CopiedTable[] = [];
    for (const table of TABLES) {
      await sides.source.write('savepoint before_table');
      tables.push(await copyTable(copying, narrowRanges(table, maxRowsPerSecond)));
      // whoever wants to alter the table need not wait for the others
      await sides.source.write('rollback to savepoint before_table');
    }
    return { asOfS, tables };
  });
}

/**
 * Finds out whether a source can be copied at all.
 * @throws OperatorError, one line, when it cannot be reached, or lacks tables or rights
 */
export async function checkSource(source: DatabaseConfig, waitMaxMs: number): Promise<void> {
  await withConnection(source, { waitMaxMs }, (connection) =>
    checkTables(createSource(connection)),
  );
}

/** With two connections to the warehouse: one alone blocks it idle while an answer is on its way. */
function withEndpoints<T>(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  signal: AbortSignal,
  work: (sides: Pick<TableCopyOptions, 'source' | 'warehouse' | 'inserters'>) => Promise<T>,
): Promise<T> {
  const patience = { waitMaxMs: WAIT_MAX_MS, signal };
  return withConnection(source, patience, (from) =>
    withConnection(warehouse, patience, (to) =>
      withConnection(warehouse, patience, (to2) => {
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
      'It must have the tables of this version (npm run initdb -- --if-missing adds those that are missing), and its user may have to select.';
    throw new OperatorError(`${errorMessage(error)}. ${advice}`, { cause: error });
  }
}

/** With ranges of about as many keys as may be read in a second, so that it is never idle for long. */
function narrowRanges(table: Table, maxRowsPerSecond: number | null): Table {
  if (maxRowsPerSecond === null) return table;
  const share = Math.min(1, maxRowsPerSecond / ROWS_OF_A_RANGE);
  const rangeWidth = Math.max(table.blockWidth, Math.floor(table.rangeWidth * share));
  return { ...table, rangeWidth };
}

/**
 * From here on, what is read is what there is at this moment: the server's, in seconds since 1970.
 */
export async function beginSnapshot(source: CopyEndpoint): Promise<number> {
  await source.write('start transaction with consistent snapshot, read only');
  const [now] = await source.read<{ asOfS: number }>('select unix_timestamp() as asOfS');
  return now?.asOfS ?? 0;
}

/** Somebody who has lost their database, and made a new one, does not want this copy of the old one to go as well. */
async function assertSourceNotEmpty(source: CopyEndpoint, warehouse: CopyEndpoint): Promise<void> {
  const sql = 'select exists (select 1 from user) as found';
  const [theirs, ours] = await Promise.all(
    [source, warehouse].map((side) => side.read<{ found: number }>(sql)),
  );
  if (theirs?.[0]?.found === 1 || ours?.[0]?.found !== 1) return;
  throw new OperatorError(
    "MiniTwit's database has no users, and the warehouse has: nothing was copied. docs/warehouse.md says how to bring the database back.",
  );
}

async function prepareWarehouseSession(warehouse: CopyEndpoint): Promise<void> {
  // so that a range that two connections fill can be proved before they commit
  await warehouse.write('set session transaction isolation level read uncommitted');
  // a table is there before those that it refers to, for a while
  await warehouse.write(
    `set session foreign_key_checks = 0, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'`,
  );
}
