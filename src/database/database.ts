import type { PoolConnection, QueryError, ResultSetHeader } from 'mysql2';
import type { DatabaseConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { findConnectOutage, findOutage, type Outage } from './failures.ts';
import { openPool, type PoolState } from './pool.ts';

/** Values of a query's named parameters: `:userId` takes `userId`. An array serves `in (:ids)`. */
export type Parameters = Record<string, string | number | null | number[]>;

/**
 * What repositories ask of the database. It answers, or fails with AppError `unavailable`, in less than
 * fifteen seconds, whatever became of the server. Whatever a lost connection left undone for certain is done
 * again once on another, and so is every read.
 */
export interface Database {
  readonly name: string;
  /** The rows of a select, in the query's order; the caller says their shape. */
  select<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Runs an insert, update or delete. */
  change(sql: string, parameters?: Parameters): Promise<Change>;
  /**
   * Lends a connection for some statements of a library's own, to be released within 5 s.
   * @throws mysql2's errors
   */
  acquire(): Promise<PoolConnection>;
  state(): PoolState;
  /** Closes every connection. */
  end(): Promise<void>;
}

/** What an insert, update or delete did. */
export interface Change {
  /** The id that `auto_increment` gave to a new row; 0 without one. */
  insertId: number;
  affectedRows: number;
}

const REPLACE_PAUSE_MS = 1000;

const TRY_AGAIN = 'MiniTwit cannot answer at this moment. Please try again in a minute.';
const FATE_UNKNOWN =
  'MiniTwit lost its database before it had an answer. What you sent may have been stored or not: please look before you send it again.';

/** Opens the database; the first query makes the first connection. */
export function openDatabase(config: DatabaseConfig): Database {
  let pool = openPool(config);
  let openedAtMs = performance.now();

  /** The server's name leads elsewhere by now: none of these connections is of use. */
  function replacePool(): void {
    // where it does not, the reads that this server can still serve are not to suffer
    if (performance.now() - openedAtMs < REPLACE_PAUSE_MS) return;
    const old = pool;
    pool = openPool(config);
    openedAtMs = performance.now();
    old.end().catch(() => undefined);
  }

  async function attempt<Result>(sql: string, parameters: Parameters): Promise<Result> {
    const used = pool;
    const connection = await used.acquire().catch((error: QueryError) => {
      throw new Failure(findConnectOutage(error), error);
    });
    try {
      return await query<Result>(connection, sql, parameters);
    } catch (error) {
      const outage = findOutage(error as QueryError);
      if (outage === 'read_only' && used === pool) replacePool();
      throw new Failure(outage, error as QueryError);
    } finally {
      connection.release();
    }
  }

  async function run<Result>(sql: string, parameters: Parameters, isRead: boolean) {
    for (let isRetry = false; ; isRetry = true) {
      try {
        return await attempt<Result>(sql, parameters);
      } catch (error) {
        const { outage, cause } = error as Failure;
        const mayHelp =
          outage === 'stale' || outage === 'read_only' || (outage === 'lost' && isRead);
        if (isRetry || !mayHelp) throw toError(outage, cause, { sql, isRead });
      }
    }
  }

  return {
    name: config.name,
    select: <Row>(sql: string, parameters = {}) => run<Row[]>(sql, parameters, true),
    change: (sql, parameters = {}) => run<ResultSetHeader>(sql, parameters, false),
    acquire: () => pool.acquire(),
    state: () => pool.state(),
    end: () => pool.end(),
  };
}

/** A statement that failed, and the outage that explains it; null when it was the statement's own fault. */
class Failure extends Error {
  readonly outage: Outage | null;
  override readonly cause: QueryError;

  constructor(outage: Outage | null, cause: QueryError) {
    super(cause.message);
    this.outage = outage;
    this.cause = cause;
  }
}

function query<Result>(
  connection: PoolConnection,
  sql: string,
  parameters: Parameters,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    connection.query(sql, parameters, (error, result) =>
      error ? reject(error) : resolve(result as Result),
    );
  });
}

function toError(
  outage: Outage | null,
  cause: QueryError & { sql?: string },
  { sql, isRead }: { sql: string; isRead: boolean },
): Error {
  // mysql2 leaves the query here with all its values, and errors are logged.
  cause.sql = sql;
  if (outage === null) return cause;
  const isFateUnknown = !isRead && (outage === 'lost' || outage === 'silent');
  return new AppError('unavailable', isFateUnknown ? FATE_UNKNOWN : TRY_AGAIN, { cause });
}
