import type { Connection as CallbackConnection, QueryValues } from 'mysql2';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { OperatorError } from '../../errors/operator-error.ts';

// A batch of the longest messages, with their escaping, fits into the smallest default of max_allowed_packet (16 MB).
const BATCH_ROWS = 1000;

/** A row, in the order of the selected columns. */
export type Row = (string | number)[];

/** One of the two databases of a copy. Every failure is an OperatorError with the database's name. */
export interface CopyEndpoint {
  /** Returns the rows of a small result. The caller names their type. */
  read<Shape>(sql: string, values?: QueryValues): Promise<Shape[]>;
  /**
   * Generates the rows of a result of any size in batches. If the caller pauses, reading stops after a few batches, and
   * the server sends no more.
   */
  readBatches(sql: string, values: QueryValues): AsyncGenerator<Row[]>;
  /** Runs a statement, and returns the number of rows that it inserted or deleted. */
  write(sql: string, values?: QueryValues): Promise<number>;
}

/** Creates an endpoint on a connection that has no other use. Its errors have `name`. */
export function createCopyEndpoint(name: string, connection: Connection): CopyEndpoint {
  // mysql2 has streams only in its callback API, and its types do not declare the way to it.
  const { connection: streaming } = connection as unknown as { connection: CallbackConnection };
  const fail = (error: unknown): never => {
    const { message, code } = error as NodeJS.ErrnoException;
    throw new OperatorError(`${name} failed: ${message || code}`, { cause: error });
  };
  return {
    async read<Shape>(sql: string, values: QueryValues = {}) {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, values }).catch(fail);
      return rows as Shape[];
    },

    async *readBatches(sql, values) {
      const rows = streaming
        .query({ sql, values, rowsAsArray: true })
        .stream({ highWaterMark: BATCH_ROWS });
      let batch: Row[] = [];
      try {
        for await (const row of rows) {
          batch.push(row as Row);
          if (batch.length < BATCH_ROWS) continue;
          yield batch;
          batch = [];
        }
      } catch (error) {
        fail(error);
      }
      if (batch.length > 0) yield batch;
    },

    async write(sql, values = {}) {
      const [{ affectedRows }] = await connection
        .query<ResultSetHeader>({ sql, values })
        .catch(fail);
      return affectedRows;
    },
  };
}
