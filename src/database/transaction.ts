import type { QueryError } from 'mysql2';
import { OutageError } from './outage-error.ts';
import type { PoolConnection } from './pool.ts';
import { ANY_SERVER, IS_PRIMARY } from './primary.ts';
import { isRolledBack } from './query-errors.ts';
import { type Parameters, runStatement, type Statements, type WriteResult } from './statements.ts';

/**
 * Runs `work` in a transaction, which is committed if `work` resolves, and rolled back if it rejects. If `work` has only
 * read, neither its result nor its error is used if the server has become read-only, since the rows may be outdated.
 * @throws OutageError; the error of `work`
 */
export async function runTransaction<Result>(
  connection: PoolConnection,
  work: (statements: Statements) => Promise<Result>,
): Promise<Result> {
  // The server rolls back if the connection ends before the commit.
  const run = <Answer>(sql: string, parameters: Parameters = {}) =>
    runStatement<Answer>(
      connection,
      sql,
      { isPrimary: ANY_SERVER, ...parameters },
      { hadNoEffect: true },
    );
  let hasWritten = false;
  const execute = async (sql: string, parameters?: Parameters) => {
    const result = await run<WriteResult>(sql, parameters);
    hasWritten = true;
    return result;
  };
  const checkReads = async () => {
    if (!hasWritten) await run('select 1 from dual where :isPrimary', { isPrimary: IS_PRIMARY });
  };
  await run('begin');
  let result;
  try {
    result = await work({ select: run, execute });
    await checkReads();
  } catch (error) {
    try {
      if (!(error instanceof OutageError)) await checkReads();
    } finally {
      // The transaction may still be open on a connection that cannot roll back.
      await run('rollback').catch(() => connection.destroy());
    }
    throw error;
  }
  await commit(connection);
  return result;
}

async function commit(connection: PoolConnection): Promise<void> {
  try {
    await runStatement(connection, 'commit', {}, { hadNoEffect: false });
  } catch (error) {
    // The transaction may still be open.
    connection.destroy();
    const cause = error instanceof OutageError ? error.cause : (error as QueryError);
    const isClassified =
      error instanceof OutageError && (error.outage === 'timeout' || isRolledBack(cause));
    throw isClassified ? error : new OutageError('lost', cause, { hadNoEffect: false });
  }
}
