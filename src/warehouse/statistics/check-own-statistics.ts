import { tmpdir } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { errorMessage } from '../../errors/error-message.ts';
import { prepareQuery, restrictToFiles } from '../duckdb/restrict-to-files.ts';
import { withDuckdb } from '../duckdb/with-duckdb.ts';
import { createViews } from '../parquet/views.ts';
import { assertNoProblems, type OwnStatistic } from './own-statistics.ts';
import { createEmptyBefore, prepareTables } from './statistics.ts';

const NO_ROWS = { rows: 0, files: [] };
const EMPTY = { user: NO_ROWS, message: NO_ROWS, follower: NO_ROWS };

/**
 * Checks the operator's own statistics on empty tables, so that an invalid query is reported before a run and not after
 * its copy.
 * @param folder the folder of the statistics, for the message
 * @throws OperatorError with the problems of all statistics
 */
export async function checkOwnStatistics(
  folder: string,
  statistics: OwnStatistic[],
): Promise<void> {
  if (statistics.length === 0) return;
  const problems = await withDuckdb(tmpdir(), async (duckdb) => {
    await createEmptyTables(duckdb);
    const found: string[] = [];
    for (const { name, sql } of statistics) {
      const problem = await findProblem(duckdb, sql);
      if (problem !== null) found.push(`${name}.sql: ${problem}`);
    }
    return found;
  });
  assertNoProblems(folder, problems);
}

async function createEmptyTables(duckdb: DuckDBConnection): Promise<void> {
  await createViews(duckdb, '', { tables: EMPTY });
  await createEmptyBefore(duckdb);
  await prepareTables(duckdb, 0);
  await restrictToFiles(duckdb, []);
}

async function findProblem(duckdb: DuckDBConnection, sql: string): Promise<string | null> {
  try {
    const { parameterCount } = await prepareQuery(duckdb, sql);
    return parameterCount === 0 ? null : 'A statistic has no parameters.';
  } catch (error) {
    return errorMessage(error);
  }
}
