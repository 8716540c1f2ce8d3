import type { Connection as CallbackConnection, QueryValues } from 'mysql2';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { OperatorError } from '../../errors/operator-error.ts';

// So few that the longest messages, and what their escaping adds, fit into the smallest packet that a server
// takes by default (16 MB).
const BATCH_ROWS = 1000;

/** A row, in the order of the columns that were asked for. */
export type Row = (string | number)[];

/** One of the two databases of a copy. Every failure says in which of them it was, as an OperatorError. */
export interface CopyEndpoint {
  /** The rows of a small answer; the caller says their shape. */
  read<Shape>(sql: string, values?: QueryValues): Promise<Shape[]>;
  /**
   * The rows of an answer of any size, in batches. They are read a little faster than they are taken: while
   * nobody takes any, the server sends no more.
   */
  readBatches(sql: string, values: QueryValues): AsyncGenerator<Row[]>;
  /** Gives the number of rows that it inserted or deleted. */
  write(sql: string, values?: QueryValues): Promise<number>;
}

/** A side of that name, for people, on a connection that nobody else uses. */
export function createCopyEndpoint(name: string, connection: Connection): CopyEndpoint {
  // mysql2 has streams in its callback API alone, and its types keep the way to that to themselves
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
