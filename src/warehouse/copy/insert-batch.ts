import type { QueryError } from 'mysql2';
import { OperatorError } from '../../errors/operator-error.ts';
import { type CopyEndpoint, EndpointError, type Row } from './endpoint.ts';
import { insertRows } from './queries.ts';
import { formatKey, toRowKey } from './row-keys.ts';
import type { Table } from './tables.ts';

/** The errors of a server that refuses a value, with a sentence for each. */
const REFUSALS: Record<string, string> = {
  ER_DATA_TOO_LONG: 'The value is longer than the column of the warehouse',
  ER_WARN_DATA_OUT_OF_RANGE: 'The number does not fit into the column of the warehouse',
  ER_BAD_NULL_ERROR: 'The value is null, and the column of the warehouse allows no null',
  ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: 'The column of the warehouse cannot store this value',
  WARN_DATA_TRUNCATED: 'The column of the warehouse cannot store this value',
};

/**
 * Inserts rows.
 * @throws OperatorError with the table, the column and the key of a row whose value the warehouse refuses; an
 *   EndpointError if the warehouse fails
 */
export async function insertBatch(
  warehouse: CopyEndpoint,
  table: Table,
  rows: Row[],
): Promise<void> {
  try {
    await warehouse.write(insertRows(table), { rows });
  } catch (error) {
    const reason = findRefusal(error);
    if (reason === null) throw error;
    const [half, rest] = [rows.slice(0, rows.length / 2), rows.slice(rows.length / 2)];
    const [row = []] = rest;
    if (half.length === 0) throw createRefusal(table, row, reason, error);
    // One of the halves is refused, too.
    await insertBatch(warehouse, table, half);
    await insertBatch(warehouse, table, rest);
  }
}

function findRefusal(error: unknown): string | null {
  if (!(error instanceof EndpointError)) return null;
  return REFUSALS[(error.cause as QueryError).code] ?? null;
}

function createRefusal(table: Table, row: Row, reason: string, cause: unknown): OperatorError {
  const { message } = cause as EndpointError;
  const column = /column '?(?:[^']*`)?(\w+)/i.exec(message)?.[1] ?? table.columns.join();
  const values = table.key.map((name) => row[table.columns.indexOf(name)] ?? null);
  const key = formatKey(table, toRowKey(table, values));
  return new OperatorError(
    `${reason}: ${table.name}.${column} of the row with ${key}. Correct the value in MiniTwit's database, or give the column there and in the warehouse the type of schema.sql, and run the copy again.`,
    { cause },
  );
}
