import type { Connection } from 'mysql2/promise';
import type { DatabaseConfig } from '../../config.ts';
import { withConnection } from '../../database/connection.ts';
import { type CopiedTable, type CopyProgress, copyTable } from './copy-table.ts';
import { createPace } from './pace.ts';
import { readRows } from './rows.ts';
import { TABLES } from './tables.ts';

// For how long a copy is tried again that lost one of its connections; what it had sent it keeps.
const RETRY_MAX_MS = 60_000;

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
export interface Copy {
  /** The source's time when it was as it is in the warehouse now, in seconds since 1970. */
  asOfS: number;
  /** In the order in which they were copied. */
  tables: CopiedTable[];
}

/**
 * Makes the warehouse's tables the same as those of the source were at one moment, without locking any there.
 * The source's user needs no more rights than to select.
 * @throws OperatorError, one line, when either cannot be reached or is lost for a minute, when their tables are
 *   not those that this program knows, and when a part differs although it has just been sent
 */
export async function copyDatabase(
  source: DatabaseConfig,
  warehouse: DatabaseConfig,
  { withCredentials, maxRowsPerSecond, onProgress, signal }: CopyOptions,
): Promise<Copy> {
  const patience = { waitMaxMs: RETRY_MAX_MS };
  const pace = createPace(maxRowsPerSecond);
  return withConnection(source, patience, (from) =>
    withConnection(warehouse, patience, async (to) => {
      const asOfS = await beginSnapshot(from);
      await prepareToWrite(to);
      const tables: CopiedTable[] = [];
      const copying = { source: from, warehouse: to, withCredentials, pace, onProgress, signal };
      for (const table of TABLES) tables.push(await copyTable(copying, table));
      return { asOfS, tables };
    }),
  );
}

/** From here on, the connection reads what there is at this moment. */
async function beginSnapshot(source: Connection): Promise<number> {
  await source.query('set session transaction isolation level repeatable read');
  const [now] = await readRows<{ asOfS: number }>(source, 'select unix_timestamp() as asOfS');
  await source.query('start transaction with consistent snapshot, read only');
  return now?.asOfS ?? 0;
}

async function prepareToWrite(warehouse: Connection): Promise<void> {
  // a table is there before those that it refers to, for a while
  await warehouse.query(
    `set session foreign_key_checks = 0, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'`,
  );
}
