import type { QueryError } from 'mysql2';
import { OutageError } from './outage-error.ts';
import type { PoolConnection } from './pool.ts';
import { ANY_SERVER } from './primary.ts';
import { isRolledBack } from './query-errors.ts';
import { type Parameters, runStatement, type Statements } from './statements.ts';

/**
 * Runs `work` in a transaction, which is committed if `work` resolves, and rolled back if it rejects.
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
  await run('begin');
  let result;
  try {
    result = await work({ select: run, execute: run });
  } catch (error) {
    // The transaction may still be open on a connection that cannot roll back.
    await run('rollback').catch(() => connection.destroy());
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
