import { type QueryError, raw } from 'mysql2';
import { OutageError } from './outage-error.ts';
import type { PoolConnection } from './pool.ts';
import { findOutage } from './query-errors.ts';

/** The database's time as a parameter value, in seconds since 1970. */
export const NOW = raw('unix_timestamp()');

type Value = string | number | Buffer | null | typeof NOW;

/**
 * The values of named parameters: `:userId` is replaced by the escaped `userId`. Write `in (:ids)` for an array, and
 * `values :rows` for an array of rows.
 */
export type Parameters = Record<string, Value | Value[] | Value[][]>;

/** Runs SQL statements. */
export interface Statements {
  /**
   * Returns the rows of a select. `Row` is not checked. `:isPrimary` is a condition: it is true, or the statement fails
   * because the server is read-only now. It is always true at a replica, and in a transaction: the writes of a transaction
   * fail on a read-only server, and a transaction without writes is checked at its end.
   */
  select<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Runs an insert, update or delete. */
  execute(sql: string, parameters?: Parameters): Promise<WriteResult>;
}

/** Runs selects alone. */
export type ReadStatements = Pick<Statements, 'select'>;

/** The result of an insert, update or delete. */
export interface WriteResult {
  /**
   * The `auto_increment` id of the first inserted row, or 0. The ids of further rows are greater, but do not have to be
   * consecutive.
   */
  insertId: number;
  affectedRows: number;
}

/**
 * Runs a statement on a connection.
 * @param options.hadNoEffect whether a failed statement has certainly changed nothing
 * @throws OutageError; mysql2's error if the statement itself is wrong
 */
export function runStatement<Result>(
  connection: PoolConnection,
  sql: string,
  parameters: Parameters,
  { hadNoEffect }: { hadNoEffect: boolean },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    connection.query(sql, parameters, (error: QueryError | null, result) => {
      if (!error) return resolve(result as Result);
      // mysql2's error has the statement with all its values, and errors are logged.
      Object.assign(error, { sql });
      const outage = findOutage(error);
      reject(outage === null ? error : new OutageError(outage, error, { hadNoEffect }));
    });
  });
}
