import {
  type DuckDBConnection,
  type DuckDBExtractedStatements,
  type DuckDBPreparedStatement,
  StatementType,
} from '@duckdb/node-api';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { quoteText } from './quote-text.ts';

// DuckDB has these functions, which change settings, in spite of `lock_configuration`. With another storage or place of
// their output, every later statement fails, and the process ends with the connection.
const SETTERS = ['enable_logging', 'enable_profiling'];

/** The advice to an analyst whose statement would change data. */
export const READ_ONLY =
  'The warehouse is read only: write a query such as "select … from message".';

/**
 * Restricts DuckDB to reading these files, until it is closed: no statement can read or write another file, reach the
 * network, load an extension or change a setting. Views over other files fail.
 * @param paths absolute. `copy … to` could replace one of these files, so run only statements of `prepareQuery`
 */
export async function restrictToFiles(duckdb: DuckDBConnection, paths: string[]): Promise<void> {
  const list = paths.map(quoteText).join(', ');
  for (const name of SETTERS)
    await duckdb.run(`create or replace macro ${name}() as table select 1`);
  await duckdb.run(`set allowed_paths = [${list}]`);
  await duckdb.run('set enable_external_access = false');
  await duckdb.run('set lock_configuration = true');
}

/**
 * Prepares a query: one `select`, `describe`, `summarize` or `show`, or `explain` before a query.
 * @throws OperatorError if the text is another statement, or not exactly one; DuckDB's error if it is invalid
 */
export async function prepareQuery(
  duckdb: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  const statements = await extractStatements(duckdb, sql);
  if (statements.count !== 1)
    throw new OperatorError(`Write one query. This text has ${statements.count} statements.`);
  const statement = await statements.prepare(0);
  if (statement.statementType === StatementType.SELECT) return statement;
  const explained = /^\s*explain\s+(?:analyze\s+)?(?<query>.*)$/is.exec(sql)?.groups?.query;
  if (statement.statementType !== StatementType.EXPLAIN || explained === undefined)
    throw new OperatorError(
      `${READ_ONLY} This is a statement of the kind ${StatementType[statement.statementType]}.`,
    );
  // `explain analyze` runs the statement after it.
  await prepareQuery(duckdb, explained);
  return statement;
}

async function extractStatements(
  duckdb: DuckDBConnection,
  sql: string,
): Promise<DuckDBExtractedStatements> {
  try {
    return await duckdb.extractStatements(sql);
  } catch (error) {
    // DuckDB's client reports a text without a statement in these words.
    if (errorMessage(error) !== 'Error in native callback') throw error;
    throw new OperatorError('Write a query. This text has no statement.', { cause: error });
  }
}
