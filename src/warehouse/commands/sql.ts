import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '../../errors/operator-error.ts';
import { type AthenaOptions, runAthenaQuery } from '../athena/run-athena-query.ts';
import type { DuckdbOptions } from '../duckdb/with-duckdb.ts';
import { isOutOfMemory } from '../query/duckdb-errors.ts';
import { type Format, formatResult } from '../query/format-result.ts';
import { runQuery } from '../query/run-query.ts';
import type { QueryResult } from '../query/value.ts';
import { withNewestRun } from '../query/with-newest-run.ts';

const QUERY_LENGTH_MAX = 1_000_000;

/** Where `sql` reads data, and writes the result. */
export interface SqlContext {
  /** The folder of the warehouse's data. */
  folder: string;
  /** The folder of the Parquet files. */
  parquet: string;
  /** Fetches the newest run from the bucket, if there is a bucket. */
  fetch: () => Promise<void>;
  output: Output;
  /** Interrupts the query. */
  signal: AbortSignal;
}

/** The terminal, or a file or pipe in its place. */
export type Output = Writable & {
  /** The width of the terminal; undefined for a file or pipe. */
  columns?: number | undefined;
};

/**
 * Runs a query on the Parquet files of the newest run, and writes its result.
 * @throws OperatorError when there was no run, or when the query fails; the signal's reason
 */
export async function sql(
  query: string,
  format: Format,
  { folder, parquet, fetch, output, signal }: SqlContext,
): Promise<void> {
  await fetch();
  let hasStarted = false;
  const answer = (options?: DuckdbOptions) =>
    withNewestRun(
      folder,
      parquet,
      async (run) => {
        const result = await runQuery(run, query, signal);
        hasStarted = true;
        await writeResult(result, format, output);
      },
      options,
    );
  try {
    await answer();
  } catch (error) {
    if (!(error instanceof OperatorError) || !isOutOfMemory(error.cause) || hasStarted) throw error;
    await answer({ threads: 1 });
  }
}

/**
 * Runs a query in Athena, and writes its result.
 * @throws OperatorError as `runAthenaQuery` does
 */
export async function sqlInAthena(
  query: string,
  format: Format,
  { output, ...options }: AthenaOptions & Pick<SqlContext, 'output'>,
): Promise<void> {
  const { columns, rows } = await runAthenaQuery(query, options);
  await writeResult({ columns, batches: [rows] }, format, output);
}

/** Writes a result. Ends early, without an error, when the reader of the output ends, such as `head`. */
async function writeResult(result: QueryResult, format: Format, output: Output): Promise<void> {
  const pieces = Readable.from(formatResult(result, format, output.columns));
  try {
    await pipeline(pieces, output, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/**
 * Returns the text of a query: the argument, or the input if the argument is missing or `-`.
 * @throws OperatorError if the input is a terminal, or longer than a million characters
 */
export async function readQuery(
  argument: string | undefined,
  input: NodeJS.ReadableStream & { isTTY?: boolean },
): Promise<string> {
  if (argument !== undefined && argument !== '-') return argument;
  if (input.isTTY && argument === undefined)
    throw new OperatorError(
      'Write the query as one argument: npm run warehouse -- sql "select count(*) from message"',
    );
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > QUERY_LENGTH_MAX)
      throw new OperatorError(
        `The query has more than ${QUERY_LENGTH_MAX.toLocaleString('en')} characters.`,
      );
  }
  return text;
}
