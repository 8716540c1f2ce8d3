import { isDeepStrictEqual } from 'node:util';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { initializeSchema } from '../../database/schema.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { createCopyEndpoint } from '../copy/endpoint.ts';
import { type DumpHeader, ENDING, PREPARATION } from './format.ts';
import { type Dump, readDump } from './read-dump.ts';
import { checksumTables } from './table-checksums.ts';

const WAIT_MAX_MS = 60_000;

/** How a dump is to be restored. */
export interface RestoreOptions {
  /** What to do about tables that hold rows. */
  existing: 'refuse' | 'replace';
  onProgress: (progress: RestoreProgress) => void;
  signal: AbortSignal;
}

/** How many of a dump's rows are in the database. */
export interface RestoreProgress {
  rows: number;
  total: number;
}

/**
 * Makes MiniTwit's tables anew and fills them with a dump, which is read twice: nothing is changed before it has
 * been read to its end, and then all of it comes in one transaction, which is committed once counts and checksums
 * of all tables are those that it was written with.
 * @throws OperatorError, one line, which says in what state the database is, when a table holds rows that are not
 *   to be replaced, when the dump is damaged, and when the database is lost; the signal's reason before it is changed
 */
export async function restoreDump(
  dump: Dump,
  target: DatabaseConfig,
  { existing, onProgress, signal }: RestoreOptions,
): Promise<DumpHeader> {
  const header = await checkDump(dump, signal);
  const total = Object.values(header.rows).reduce((sum, rows) => sum + rows, 0);
  const patience = { waitMaxMs: WAIT_MAX_MS, signal };
  const replaceWith = 'npm run warehouse -- restore-dump DUMP --force';
  await initializeSchema(target, { ...patience, existing, replaceWith });
  let outcome = 'Nothing of the dump was kept: the tables are there, and empty.';
  try {
    await withConnection(target, patience, async (connection) => {
      await fillTables(connection, dump, (rows) => onProgress({ rows, total }), signal);
      outcome = `All of the dump was kept, or nothing: which, the tables log. To be sure: ${replaceWith}`;
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
    // not as it came, since it would all be done again then
    throw new OperatorError(`The commit failed: ${errorMessage(error)}.`, { cause: error });
  }
}

async function checkDump(dump: Dump, signal: AbortSignal): Promise<DumpHeader> {
  try {
    let header: DumpHeader | null = null;
    for await (const line of readDump(dump, signal)) {
      if (line.kind === 'header') header = line.header;
    }
    if (header === null) throw new Error('a dump without a header was taken for one');
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
  const sum = () => checksumTables(createCopyEndpoint('The database', connection));
  let rows = 0;
  for await (const line of readDump(dump, signal)) {
    signal.throwIfAborted();
    if (line.kind === 'insert') {
      const [{ affectedRows }] = await connection.query<ResultSetHeader>(line.sql);
      onRows((rows += affectedRows));
    }
    if (line.kind === 'complete' && !isDeepStrictEqual(await sum(), line.contents)) {
      throw new OperatorError(`The database does not hold what ${dump.name} says it does.`);
    }
  }
}
