import { type QueryError, raw, type ResultSetHeader } from 'mysql2';
import type { DatabaseConfig } from '../config/config.ts';
import { AppError } from '../errors/app-error.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { batchReads } from './batches.ts';
import { findConnectOutage, findOutage, isRolledBack, type Outage } from './query-errors.ts';
import { openConnection } from './open-connection.ts';
import { openPool, type PoolConnection, type PoolState } from './pool.ts';
import { ANY_SERVER, isPrimaryFor } from './primary.ts';

type Value = string | number | null | typeof NOW;

/**
 * Values of a query's named parameters: `:userId` takes `userId`. An array serves `in (:ids)`, and one of
 * rows `values :rows`.
 */
export type Parameters = Record<string, Value | Value[] | Value[][]>;

/** The database's time among the values of rows, in seconds since 1970. */
export const NOW = raw('unix_timestamp()');

/** What repositories ask for. */
export interface Statements {
  /**
   * The rows of a select, in the query's order; the caller says their shape. `:isPrimary` is a condition: it
   * is true, or the statement fails if the server was demoted after MiniTwit had connected to it. In a transaction it is
   * always true, since the writes fail on a demoted server.
   */
  select<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Runs an insert, update or delete. */
  execute(sql: string, parameters?: Parameters): Promise<WriteResult>;
}

/**
 * What repositories work with. It answers, or fails with AppError `unavailable`, in less than
 * fifteen seconds, whatever became of the server. Whatever a lost connection left undone for certain is done
 * again once on another, and so is every read.
 */
export interface Database extends Statements {
  readonly name: string;
  /**
   * Connects to the server to check that it accepts MiniTwit's session variables. Does nothing if it cannot be
   * reached within 2 s.
   * @throws OperatorError, one line, when it does not accept them
   */
  checkSessionVariables(): Promise<void>;
  /**
   * Does all of this work or nothing of it, on one connection and within 5 s. The work may be called twice:
   * it is to have no effects but its statements.
   */
  transact<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result>;
  /**
   * Lends a connection, to be released within 5 s.
   * @throws mysql2's errors
   */
  acquire(): Promise<PoolConnection>;
  state(): PoolState;
  /** Closes every connection. */
  end(): Promise<void>;
}

/** What an insert, update or delete did. */
export interface WriteResult {
  /**
   * The id that `auto_increment` gave to a new row, or to the first of several, whose ids follow each
   * other; 0 without one.
   */
  insertId: number;
  affectedRows: number;
}

const REPLACE_PAUSE_MS = 1000;

const TRY_AGAIN = 'MiniTwit cannot answer at this moment. Please try again in a minute.';
const OUTCOME_UNKNOWN =
  'MiniTwit lost its database before it had an answer. What you sent may have been stored or not: please look before you send it again.';

/** Opens the database; the first query makes the first connection. */
export function openDatabase(config: DatabaseConfig): Database {
  let pool = openPool(config);
  let replacedAtMs = -Infinity;

  /** Opens another pool, whose connections resolve the server's name again. */
  function replacePool(): void {
    replacedAtMs = performance.now();
    const old = pool;
    pool = openPool(config);
    void old.end();
  }

  /**
   * Returns whether a new connection leads to a replica. A request never joins an attempt that began before it, so
   * no reader sees data older than its request.
   */
  const leadsToReplica = batchReads<null, boolean>(async () => {
    const { connection, isReplica } = await openConnection(config);
    connection.end();
    return [isReplica];
  });

  async function isStillReplica(): Promise<boolean> {
    return leadsToReplica(null).catch((error: QueryError) => {
      throw new Failure(findConnectOutage(error), error, { isUndone: true });
    });
  }

  /** @throws Failure `read_only` when a new connection leads to a primary: results of a replica are old by now */
  async function assertStillReplica(): Promise<void> {
    if (await isStillReplica()) return;
    const cause = Object.assign(new Error('The database has another server.'), { fatal: false });
    throw new Failure('read_only', cause as QueryError, { isUndone: true });
  }

  async function attempt<Result>(use: (connection: PoolConnection) => Promise<Result>) {
    const used = pool;
    const connection = await used.acquire().catch((error: QueryError) => {
      throw new Failure(findConnectOutage(error), error, { isUndone: true });
    });
    try {
      return await use(connection);
    } catch (error) {
      if (!(error instanceof Failure) || error.outage !== 'read_only') throw error;
      if (connection.isReplica && (await isStillReplica()))
        throw new Failure('refused', error.cause, { isUndone: true });
      // If a server that is no replica refuses writes, the pool is not replaced for each of them.
      const isDue = connection.isReplica || performance.now() - replacedAtMs > REPLACE_PAUSE_MS;
      if (used === pool && isDue) replacePool();
      throw error;
    } finally {
      connection.release();
    }
  }

  async function read<Row>(connection: PoolConnection, sql: string, parameters: Parameters) {
    const values = { isPrimary: isPrimaryFor(connection), ...parameters };
    const rows = await query<Row[]>(connection, sql, values, { isUndone: true });
    // A replica is read as long as there is no primary.
    if (connection.isReplica) await assertStillReplica();
    return rows;
  }

  /** Gives a connection to those who use one, and another if that may help. */
  async function run<Result>(use: (connection: PoolConnection) => Promise<Result>) {
    for (let isRetry = false; ; isRetry = true) {
      try {
        return await attempt(use);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const { outage, isUndone } = error;
        const mayHelp =
          outage === 'stale' || outage === 'read_only' || (outage === 'lost' && isUndone);
        if (isRetry || !mayHelp) throw error.toAppError();
      }
    }
  }

  return {
    name: config.name,
    async checkSessionVariables() {
      try {
        (await pool.acquire()).release();
      } catch (error) {
        if (error instanceof OperatorError) throw error;
      }
    },
    select: <Row>(sql: string, parameters = {}) =>
      run((connection) => read<Row>(connection, sql, parameters)),
    execute: (sql, parameters = {}) =>
      run((connection) => query<ResultSetHeader>(connection, sql, parameters, { isUndone: false })),
    transact: (work) => run((connection) => transact(connection, work)),
    acquire: () => pool.acquire(),
    state: () => pool.state(),
    end: () => pool.end(),
  };
}

async function transact<Result>(
  connection: PoolConnection,
  work: (statements: Statements) => Promise<Result>,
): Promise<Result> {
  // whatever ends before the commit is undone
  const ask = <Answer>(sql: string, parameters: Parameters = {}) =>
    query<Answer>(connection, sql, { isPrimary: ANY_SERVER, ...parameters }, { isUndone: true });
  await ask('begin');
  let result;
  try {
    result = await work({ select: ask, execute: ask });
  } catch (error) {
    // a connection that cannot even do that is not to be used again
    await ask('rollback').catch(() => connection.destroy());
    throw error;
  }
  try {
    await query(connection, 'commit', {}, { isUndone: false });
  } catch (error) {
    // The transaction may still be open.
    connection.destroy();
    const cause = error instanceof Failure ? error.cause : (error as QueryError);
    const isKnown = error instanceof Failure && (error.outage === 'silent' || isRolledBack(cause));
    throw isKnown ? error : new Failure('lost', cause, { isUndone: false });
  }
  return result;
}

/** That a statement, whose own fault it was not, failed. */
class Failure extends Error {
  readonly outage: Outage;
  /** Whether it has certainly changed nothing; otherwise that depends on the outage. */
  readonly isUndone: boolean;
  override readonly cause: QueryError;

  constructor(outage: Outage, cause: QueryError, { isUndone }: { isUndone: boolean }) {
    super(cause.message);
    this.outage = outage;
    this.isUndone = isUndone;
    this.cause = cause;
  }

  toAppError(): AppError {
    const isFateUnknown = !this.isUndone && (this.outage === 'lost' || this.outage === 'silent');
    const { cause } = this;
    return new AppError('unavailable', isFateUnknown ? OUTCOME_UNKNOWN : TRY_AGAIN, { cause });
  }
}

/** @throws Failure; mysql2's error when the statement itself is wrong */
function query<Result>(
  connection: PoolConnection,
  sql: string,
  parameters: Parameters,
  { isUndone }: { isUndone: boolean },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    connection.query(sql, parameters, (error, result) => {
      if (!error) return resolve(result as Result);
      // mysql2 leaves the query here with all its values, and errors are logged.
      Object.assign(error, { sql });
      const outage = findOutage(error);
      reject(outage === null ? error : new Failure(outage, error, { isUndone }));
    });
  });
}
