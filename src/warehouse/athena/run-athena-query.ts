import {
  AthenaClient,
  GetQueryExecutionCommand,
  type QueryExecution,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { clientOptions } from '../../aws/clients.ts';
import { isAwsError, isTransient, withAwsError } from '../../aws/errors.ts';
import { poll, type PollResult } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { formatScanned } from './price.ts';
import { type AthenaResult, readResults } from './read-results.ts';

// Athena's own limits: the length of a query in UTF-8, and the longest duration to which its quota can be raised.
const QUERY_MAX_BYTES = 262_144;
const QUERY_MAX_MS = 245 * 60_000;

/** Where a query runs, and how the operator ends it. */
export interface AthenaOptions {
  /** The workgroup, which limits the bytes that a query scans. */
  workgroup: string;
  /** The database of the catalog, whose tables a query names without it. */
  database: string;
  /** Cancels the query. Its reason is thrown. */
  signal: AbortSignal;
  /** Writes a line about the state and the cost of the query. The result is not in it. */
  print: (line: string) => void;
  /** The first pause between two polls. By default, that of `poll`. */
  firstPauseMs?: number;
}

/**
 * Runs a query in Athena and returns its result, after printing how many bytes it scanned and what they cost. A query
 * that this function does not wait for any longer is cancelled, so that it costs no more.
 * @throws OperatorError if the query is too long, fails, exceeds the limit of the workgroup, or has too large a result
 */
export async function runAthenaQuery(sql: string, options: AthenaOptions): Promise<AthenaResult> {
  if (Buffer.byteLength(sql) > QUERY_MAX_BYTES) {
    throw new OperatorError(
      `The query is longer than ${QUERY_MAX_BYTES} bytes, the limit of Athena. Shorten it.`,
    );
  }
  const athena = new AthenaClient(clientOptions());
  try {
    const execution = await executeQuery(athena, sql, options);
    const bytes = execution.Statistics?.DataScannedInBytes ?? 0;
    options.print(`Athena scanned ${formatScanned(bytes)}.`);
    return await readResults(athena, execution, options.signal);
  } finally {
    athena.destroy();
  }
}

/** Starts a query and waits for its end. */
async function executeQuery(
  athena: AthenaClient,
  sql: string,
  options: AthenaOptions,
): Promise<QueryExecution> {
  options.signal.throwIfAborted();
  const id = await startQuery(athena, sql, options);
  const { signal, print, firstPauseMs } = options;
  try {
    return await poll('The query', () => readState(athena, id, options), {
      timeoutMs: QUERY_MAX_MS,
      ...(firstPauseMs !== undefined && { firstPauseMs }),
      signal,
      onPoll: print,
      isTransient,
    });
  } catch (error) {
    if (!(error instanceof QueryError)) await cancelQuery(athena, id, print);
    throw error;
  }
}

/** Starts a query. Returns its id. The SDK sends a token with the request, so that a repeated request starts nothing. */
async function startQuery(
  athena: AthenaClient,
  sql: string,
  { workgroup, database }: AthenaOptions,
): Promise<string> {
  const request = athena.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      WorkGroup: workgroup,
      QueryExecutionContext: { Database: database },
    }),
  );
  try {
    const { QueryExecutionId = '' } = await withAwsError('Cannot start the query', request);
    return QueryExecutionId;
  } catch (error) {
    if (!isAwsError(error, 'InvalidRequest') || !/workgroup/i.test(String(error))) throw error;
    throw new OperatorError(
      `Athena has no workgroup ${workgroup} in this region. Set WAREHOUSE_ATHENA_WORKGROUP to the output ` +
        `WarehouseWorkgroup of your stack, and AWS_REGION to its region.`,
      { cause: error },
    );
  }
}

/** The end of a query without a result. */
class QueryError extends OperatorError {}

async function readState(
  athena: AthenaClient,
  id: string,
  { workgroup, database }: AthenaOptions,
): Promise<PollResult<QueryExecution>> {
  const { QueryExecution: execution = {} } = await withAwsError(
    `Cannot read the state of the query ${id}`,
    athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id })),
  );
  const { State = 'QUEUED', StateChangeReason: reason = 'Athena gave no reason' } =
    execution.Status ?? {};
  if (State === 'SUCCEEDED') return { done: execution };
  if (State !== 'FAILED' && State !== 'CANCELLED') return { pending: State.toLowerCase() };
  const scanned = formatScanned(execution.Statistics?.DataScannedInBytes ?? 0);
  const end = reason.replace(/\.?$/, '.');
  if (/bytes scanned limit/i.test(reason)) {
    throw new QueryError(
      `Athena cancelled the query at the limit of the workgroup ${workgroup}, after it scanned ${scanned}. Name only ` +
        'the columns that you need, or set WarehouseQueryMaxGb of the stack.',
    );
  }
  if (State === 'CANCELLED') {
    throw new QueryError(`The query was cancelled, after it scanned ${scanned}: ${end}`);
  }
  throw new QueryError(`Athena could not run the query in the database ${database}: ${end}`);
}

/** Cancels a query. A failure is only printed, because another error ended the wait. */
async function cancelQuery(
  athena: AthenaClient,
  id: string,
  print: AthenaOptions['print'],
): Promise<void> {
  try {
    const request = athena.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
    await withAwsError(`Cannot cancel the query ${id}`, request);
    print(`Cancelled the query ${id}.`);
  } catch (error) {
    print(`${String(error).replace(/^\w*Error: /, '')} The query may continue, and cost.`);
  }
}
