import { isDeepStrictEqual } from 'node:util';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { addProfiles, initializeSchema } from '../../database/schema.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { createCopyEndpoint } from '../copy/endpoint.ts';
import { type DumpHeader, ENDING, PREPARATION, type TableChecksums } from './format.ts';
import { DERIVED_TABLE } from './formats.ts';
import { type Dump, readDump } from './read-dump.ts';
import { checksumTables } from './table-checksums.ts';

const WAIT_MAX_MS = 60_000;

/** The options of a restore. */
export interface RestoreOptions {
  /** The treatment of tables with rows. */
  existing: 'refuse' | 'replace';
  onProgress: (progress: RestoreProgress) => void;
  signal: AbortSignal;
}

/** The restored rows, and all rows of the dump. */
export interface RestoreProgress {
  rows: number;
  total: number;
}

/**
 * Creates MiniTwit's tables again and fills them from a dump. The dump is read twice: first to check it, before any
 * change, then to insert it in one transaction. The commit follows if the counts and checksums of all tables are those
 * of the dump. The rows of `profile` are computed, and those of a dump of format 1 are not used. Suspensions and hidden
 * messages are not in a dump, and all messages are shown afterwards.
 * @throws OperatorError, one line, with the state of the database, if a table has rows and `existing` is `refuse`, if
 *   the dump is damaged, or if the database is lost; the signal's reason before the first change
 */
export async function restoreDump(
  dump: Dump,
  target: DatabaseConfig,
  { existing, onProgress, signal }: RestoreOptions,
): Promise<DumpHeader> {
  const header = await checkDump(dump, signal);
  const total = Object.values(omitDerived(header.rows)).reduce((sum, rows) => sum + rows, 0);
  const retryOptions = { waitMaxMs: WAIT_MAX_MS, signal };
  const replaceWith = 'npm run warehouse -- restore-dump DUMP --force';
  await initializeSchema(target, { ...retryOptions, existing, replaceWith });
  let outcome = 'No row was restored: the tables exist and are empty.';
  try {
    await withConnection(target, retryOptions, async (connection) => {
      await fillTables(connection, dump, (rows) => onProgress({ rows, total }), signal);
      await addProfiles(connection);
      outcome = `The result of the commit is unknown: either all rows were restored or none. Check the tables, or run ${replaceWith} again.`;
      await commit(connection);
    });
  } catch (error) {
    throw new OperatorError(`${errorMessage(error)} ${outcome}`, { cause: error });
  }
  return header;
}

async function commit(connection: Connection): Promise<void> {
  try {
    await connection.query(ENDING);
  } catch (error) {
    // With another type of error, withConnection would run the whole restore again.
    throw new OperatorError(`The commit failed: ${errorMessage(error)}.`, { cause: error });
  }
}

async function checkDump(dump: Dump, signal: AbortSignal): Promise<DumpHeader> {
  try {
    let header: DumpHeader | null = null;
    for await (const line of readDump(dump, signal)) {
      if (line.kind === 'header') header = line.header;
    }
    if (header === null) throw new Error('A dump without a header was accepted.');
    return header;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`${error.message} Nothing was changed.`, { cause: error });
  }
}

async function fillTables(
  connection: Connection,
  dump: Dump,
  onRows: (rows: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const statement of PREPARATION) await connection.query(statement);
  const database = createCopyEndpoint('The database', connection);
  let header: DumpHeader | null = null;
  let rows = 0;
  for await (const line of readDump(dump, signal)) {
    signal.throwIfAborted();
    if (line.kind === 'header') header = line.header;
    if (line.kind === 'insert' && line.table !== DERIVED_TABLE) {
      const [{ affectedRows }] = await connection.query<ResultSetHeader>(line.sql);
      onRows((rows += affectedRows));
    }
    if (line.kind === 'complete' && header !== null) {
      const sums: TableChecksums = await checksumTables(database, header.format);
      if (isDeepStrictEqual(sums, omitDerived(line.contents))) continue;
      throw new OperatorError(`The checksums of the database differ from those of ${dump.name}.`);
    }
  }
}

function omitDerived<T>(byTable: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(byTable).filter(([name]) => name !== DERIVED_TABLE));
}
