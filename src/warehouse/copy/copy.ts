import type { DatabaseConfig } from '../../config.ts';
import { withConnection } from '../../database/connection.ts';
import { OperatorError } from '../../errors.ts';
import { type CopiedTable, type CopyProgress, copyTable } from './copy-table.ts';
import { createPace } from './pace.ts';
import { createSide, type Side } from './side.ts';
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
 *   not those that this program knows, when the source has lost everybody, and when a part differs although it has just been sent
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
      const sides = {
        source: createSide("MiniTwit's database", from),
        warehouse: createSide('The warehouse', to),
      };
      const asOfS = await beginSnapshot(sides.source);
      await refuseToForgetEverybody(sides.source, sides.warehouse);
      await prepareToWrite(sides.warehouse);
      const tables: CopiedTable[] = [];
      const copying = { ...sides, withCredentials, pace, onProgress, signal };
      for (const table of TABLES) tables.push(await copyTable(copying, table));
      return { asOfS, tables };
    }),
  );
}

/**
 * From here on, what is read is what there is at this moment: the server's, in seconds since 1970.
 */
export async function beginSnapshot(source: Side): Promise<number> {
  // so that the server does not give up while it waits for somebody to take what it sends
  await source.write('set session net_write_timeout = 600');
  await source.write('set session transaction isolation level repeatable read');
  await source.write('start transaction with consistent snapshot, read only');
  const [now] = await source.read<{ asOfS: number }>('select unix_timestamp() as asOfS');
  return now?.asOfS ?? 0;
}

/** Somebody who has lost their database, and made a new one, does not want this copy of the old one to go as well. */
async function refuseToForgetEverybody(source: Side, warehouse: Side): Promise<void> {
  const sql = 'select exists (select 1 from user) as found';
  const [theirs, ours] = await Promise.all(
    [source, warehouse].map((side) => side.read<{ found: number }>(sql)),
  );
  if (theirs?.[0]?.found === 1 || ours?.[0]?.found !== 1) return;
  throw new OperatorError(
    "MiniTwit's database has no users, and the warehouse has: nothing was copied. docs/warehouse.md says how to bring the database back.",
  );
}

async function prepareToWrite(warehouse: Side): Promise<void> {
  // a table is there before those that it refers to, for a while
  await warehouse.write(
    `set session foreign_key_checks = 0, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'`,
  );
}
