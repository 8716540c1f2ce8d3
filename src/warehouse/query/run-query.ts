import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { interruptible } from '../duckdb/interruptible.ts';
import { prepareQuery } from '../duckdb/restrict-to-files.ts';
import { prepareTables } from '../statistics/statistics.ts';
import { toQueryError } from './duckdb-errors.ts';
import type { OpenRun } from './with-newest-run.ts';
import { type QueryResult, toValue, type Value } from './value.ts';

// A query without these tables need not wait until they are computed.
const PREPARED = /\b(moment|person|active_day|calendar)\b/i;

/** Runs a step of a query. When the signal is aborted, the step ends with the signal's reason. */
type Interruptible = <T>(step: () => Promise<T>) => Promise<T>;

/**
 * Starts a query, and computes its first rows. The other rows are computed while `batches` is read.
 * @throws OperatorError if the text is not one query, or if the query is invalid or fails; the signal's reason
 */
export async function runQuery(
  { duckdb, manifest }: OpenRun,
  sql: string,
  signal: AbortSignal,
): Promise<QueryResult> {
  const run = createInterruptible(duckdb, signal);
  const { result, first } = await run(async () => {
    if (PREPARED.test(sql) && !(await isPrepared(duckdb)))
      await prepareTables(duckdb, Math.floor(Date.parse(manifest.asOf) / 1000));
    const started = await (await prepareQuery(duckdb, sql)).stream();
    return { result: started, first: await started.fetchChunk() };
  });
  return {
    columns: result.deduplicatedColumnNames(),
    batches: readBatches(first, () => run(() => result.fetchChunk())),
  };
}

/** Returns whether an earlier query of a prompt has created the tables, of which `calendar` is the last. */
async function isPrepared(duckdb: DuckDBConnection): Promise<boolean> {
  const sql = "select 1 from duckdb_tables() where table_name = 'calendar'";
  return (await duckdb.runAndReadAll(sql)).currentRowCount > 0;
}

function createInterruptible(duckdb: DuckDBConnection, signal: AbortSignal): Interruptible {
  return async (step) => {
    try {
      return await interruptible(duckdb, signal, step);
    } catch (error) {
      signal.throwIfAborted();
      throw toQueryError(error);
    }
  };
}

async function* readBatches(
  first: DuckDBDataChunk | null,
  fetchNext: () => Promise<DuckDBDataChunk | null>,
): AsyncGenerator<Value[][]> {
  for (let chunk = first; chunk !== null && chunk.rowCount > 0; chunk = await fetchNext()) {
    yield chunk.getRows().map((row) => row.map(toValue));
  }
}
