import type { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { Connection as CallbackConnection, QueryOptions, QueryValues } from 'mysql2';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { OperatorError } from '../../errors/operator-error.ts';

const BATCH_ROWS_MAX = 5000;
// With their escaping, and with four bytes a character, so many characters fit into the smallest default of
// max_allowed_packet (16 MB).
const BATCH_CHARACTERS_MAX = 2_000_000;
const BUFFERED_BATCHES = 2;
// Integers that a number cannot hold arrive as strings.
const EXACT = { supportBigNumbers: true };

/** A row, in the order of the selected columns. An integer of 2^53 or more is a string of digits. */
export type Row = (string | number | null)[];

/** One of the two databases of a copy. Every failure is an EndpointError. */
export interface CopyEndpoint {
  /** Returns the rows of a small result. The caller names their type. */
  read<Shape>(sql: string, values?: QueryValues): Promise<Shape[]>;
  /**
   * Generates the rows of a result of any size in batches of at most `rowsMax` rows, and of about two million characters.
   * If the caller pauses, reading stops after a few batches, and the server sends no more.
   */
  readBatches(sql: string, values: QueryValues, rowsMax?: number): AsyncGenerator<Row[]>;
  /** Runs a statement, and returns the number of rows that it inserted or deleted. */
  write(sql: string, values?: QueryValues): Promise<number>;
}

/** The name of an endpoint at the beginning of its messages. */
export type EndpointName = "MiniTwit's database" | 'The warehouse' | 'The database';

/** A failure of a database. Its message begins with the name of the endpoint, and its cause is the driver's error. */
export class EndpointError extends OperatorError {
  readonly endpoint: EndpointName;

  constructor(endpoint: EndpointName, cause: unknown) {
    const { message, code } = cause as NodeJS.ErrnoException;
    super(`${endpoint} failed: ${message || code}`, { cause });
    this.endpoint = endpoint;
  }
}

/** Creates an endpoint on a connection that has no other use. */
export function createCopyEndpoint(name: EndpointName, connection: Connection): CopyEndpoint {
  // Only mysql2's callback API has events for rows, and its types do not declare the way to it.
  const { connection: emitting } = connection as unknown as { connection: CallbackConnection };
  const fail = (error: unknown): never => {
    throw new EndpointError(name, error);
  };
  return {
    async read<Shape>(sql: string, values: QueryValues = {}) {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, values, ...EXACT }).catch(fail);
      return rows as Shape[];
    },

    async *readBatches(sql, values, rowsMax = BATCH_ROWS_MAX) {
      const query = { sql, values, rowsAsArray: true, ...EXACT };
      try {
        yield* streamBatches(emitting, query, rowsMax);
      } catch (error) {
        fail(error);
      }
    },

    async write(sql, values = {}) {
      const [{ affectedRows }] = await connection
        .query<ResultSetHeader>({ sql, values })
        .catch(fail);
      return affectedRows;
    },
  };
}

/**
 * Streams the rows of a query in batches. The driver's own stream of single rows takes twice the time.
 * @param rowsMax the most rows of a batch
 */
function streamBatches(
  connection: CallbackConnection,
  query: QueryOptions,
  rowsMax: number,
): AsyncIterable<Row[]> {
  let batch: Row[] = [];
  let characters = 0;
  const batches = new Readable({
    objectMode: true,
    highWaterMark: BUFFERED_BATCHES,
    read: () => connection.resume(),
    // The rows after an early return are received and discarded.
    destroy(error, done) {
      connection.resume();
      done(error);
    },
  });
  // A lost connection is not reported to a query without a callback.
  const fail = (error: Error) => batches.destroy(error);
  connection.on('error', fail);
  batches.once('close', () => connection.off('error', fail));
  const rows = connection.query(query) as unknown as EventEmitter;
  rows.on('result', (row: Row) => {
    if (batches.destroyed) return;
    batch.push(row);
    characters += countCharacters(row);
    if (batch.length < rowsMax && characters < BATCH_CHARACTERS_MAX) return;
    if (!batches.push(batch)) connection.pause();
    batch = [];
    characters = 0;
  });
  rows.on('error', fail);
  rows.on('end', () => {
    if (batches.destroyed) return;
    if (batch.length > 0) batches.push(batch);
    batches.push(null);
  });
  return batches;
}

function countCharacters(row: Row): number {
  let characters = 0;
  for (const value of row) characters += typeof value === 'string' ? value.length : 1;
  return characters;
}
