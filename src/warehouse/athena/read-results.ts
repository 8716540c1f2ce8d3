import {
  type AthenaClient,
  type ColumnInfo,
  paginateGetQueryResults,
  type QueryExecution,
  type Row,
} from '@aws-sdk/client-athena';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

// The most that Athena returns at once.
const PAGE_ROWS = 1000;
const RESULT_MAX_ROWS = 100_000;
const RESULT_MAX_CHARACTERS = 64_000_000;

/** The result of a query in Athena. Each row has a value for each column. Null is SQL's null. */
export interface AthenaResult {
  columns: string[];
  rows: QueryValue[][];
}

type QueryValue = string | number | boolean | null;

/**
 * Reads the result of a query that succeeded. Integers that a number cannot represent exactly, decimals, times and all
 * other types are strings, in Athena's form.
 * @throws OperatorError with the place of the whole result in S3, if it has more than 100,000 rows or 64 million
 *   characters
 */
export async function readResults(
  athena: AthenaClient,
  execution: QueryExecution,
  signal: AbortSignal,
): Promise<AthenaResult> {
  const { QueryExecutionId } = execution;
  // Athena's result of a query that reads begins with a row of the names. That of `show tables` does not.
  let headerRows = execution.StatementType === 'DML' ? 1 : 0;
  let characters = 0;
  const result: AthenaResult = { columns: [], rows: [] };
  const pages = paginateGetQueryResults(
    { client: athena, pageSize: PAGE_ROWS },
    { QueryExecutionId },
  )[Symbol.asyncIterator]();
  for (;;) {
    signal.throwIfAborted();
    const page = await withAwsError(
      `Cannot read the result of the query ${QueryExecutionId}`,
      pages.next(),
    );
    if (page.done) return result;
    const { ResultSetMetadata, Rows = [] } = page.value.ResultSet ?? {};
    const columns = ResultSetMetadata?.ColumnInfo ?? [];
    result.columns = columns.map(({ Label, Name }) => Label ?? Name ?? '');
    const rows = Rows.slice(headerRows);
    headerRows = 0;
    characters += countCharacters(rows);
    if (result.rows.length + rows.length > RESULT_MAX_ROWS || characters > RESULT_MAX_CHARACTERS) {
      throw new OperatorError(
        `The result has more than ${RESULT_MAX_ROWS} rows or ${RESULT_MAX_CHARACTERS} characters. Add a limit to the ` +
          `query, or read the whole result, a CSV file: ${execution.ResultConfiguration?.OutputLocation ?? 'see Athena'}`,
      );
    }
    for (const { Data = [] } of rows) {
      result.rows.push(columns.map((column, index) => toValue(column, Data[index]?.VarCharValue)));
    }
  }
}

function countCharacters(rows: Row[]): number {
  return rows.reduce(
    (sum, { Data = [] }) =>
      sum + Data.reduce((length, { VarCharValue = '' }) => length + VarCharValue.length, 0),
    0,
  );
}

function toValue({ Type = '' }: ColumnInfo, text: string | undefined): QueryValue {
  if (text === undefined) return null;
  if (Type === 'boolean') return text === 'true';
  if (/^(float|real|double)$/.test(Type)) return Number(text);
  if (!/^((tiny|small|big)int|int|integer)$/.test(Type)) return text;
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}
