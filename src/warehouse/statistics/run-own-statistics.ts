import type { DuckDBConnection } from '@duckdb/node-api';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { prepareQuery } from '../duckdb/restrict-to-files.ts';
import type { OwnStatistic } from './own-statistics.ts';
import { type Statistic, toValue, type Value } from './statistics.ts';

const DURATION_MAX_MS = 60_000;
const ROWS_MAX = 10_000;
const COLUMNS_MAX = 100;
// A report with more text could not be opened.
const TEXT_MAX = 5_000_000;

/** How long a statistic may take, and when the others are not computed. */
interface RunOptions {
  durationMaxMs?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Computes the operator's own statistics. A failed one has no rows and an error, and does not affect the others. Each may
 * take a minute, and return 10,000 rows, 100 columns and 5 million characters.
 * @param duckdb with the tables of `computeStatistics`, and restricted to its files
 * @throws the signal's reason, after a statistic. The caller interrupts `duckdb`
 */
export async function runOwnStatistics(
  duckdb: DuckDBConnection,
  own: OwnStatistic[],
  { durationMaxMs = DURATION_MAX_MS, signal }: RunOptions = {},
): Promise<Statistic[]> {
  const statistics: Statistic[] = [];
  for (const { sql, ...texts } of own) {
    statistics.push({ ...texts, ...(await runWithTimeout(duckdb, sql, durationMaxMs)) });
    // The interruption of a statistic by the signal is no failure of that statistic.
    signal?.throwIfAborted();
  }
  return statistics;
}

type Result = Pick<Statistic, 'columns' | 'rows' | 'error'>;

async function runWithTimeout(
  duckdb: DuckDBConnection,
  sql: string,
  durationMaxMs: number,
): Promise<Result> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    duckdb.interrupt();
  }, durationMaxMs);
  try {
    return await readRows(duckdb, sql);
  } catch (error) {
    const message = isLate
      ? `It took longer than ${durationMaxMs / 1000} seconds.`
      : errorMessage(error);
    return { columns: [], rows: [], error: message };
  } finally {
    clearTimeout(timer);
  }
}

async function readRows(duckdb: DuckDBConnection, sql: string): Promise<Result> {
  const result = await (await prepareQuery(duckdb, sql)).stream();
  const columns = result.columnNames();
  if (columns.length > COLUMNS_MAX)
    throw new OperatorError(`It has ${columns.length} columns. The maximum is ${COLUMNS_MAX}.`);
  const rows: Value[][] = [];
  let textLength = 0;
  for await (const chunk of result.yieldRows()) {
    for (const row of chunk) {
      const values = row.map(toValue);
      textLength += values.join('').length;
      rows.push(values);
    }
    if (rows.length > ROWS_MAX)
      throw new OperatorError(
        `It has more than ${ROWS_MAX.toLocaleString('en')} rows. Add a limit, or group the rows.`,
      );
    if (textLength > TEXT_MAX)
      throw new OperatorError(
        `It has more than ${TEXT_MAX.toLocaleString('en')} characters. Select fewer columns or rows.`,
      );
  }
  return { columns, rows };
}
