import type { Connection as CallbackConnection, QueryValues } from 'mysql2';
import type { Connection, RowDataPacket } from 'mysql2/promise';

const BATCH_ROWS = 1000;

/** A row, in the order of the columns that were asked for. */
export type Row = (string | number)[];

/** The rows of a small answer; the caller says their shape. */
export async function readRows<Shape>(
  connection: Connection,
  sql: string,
  values: QueryValues = {},
): Promise<Shape[]> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql, values });
  return rows as Shape[];
}

/**
 * The rows of an answer of any size, in batches. They are read a little faster than they are taken: while
 * nobody takes any, the server sends no more.
 */
export async function* readBatches(
  connection: Connection,
  sql: string,
  values: QueryValues,
): AsyncGenerator<Row[]> {
  // mysql2 has streams in its callback API alone, and its types keep the way to that to themselves
  const { connection: callbackConnection } = connection as unknown as {
    connection: CallbackConnection;
  };
  const rows = callbackConnection
    .query({ sql, values, rowsAsArray: true })
    .stream({ highWaterMark: 2 * BATCH_ROWS });
  let batch: Row[] = [];
  for await (const row of rows) {
    batch.push(row as Row);
    if (batch.length < BATCH_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
