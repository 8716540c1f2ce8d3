import type { QueryError } from 'mysql2';
import type { DatabaseConfig } from '../config/config.ts';
import { AppError } from '../errors/app-error.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { OutageError } from './outage-error.ts';
import { openPool, type PoolConnection, type PoolState } from './pool.ts';
import { IS_PRIMARY } from './primary.ts';
import { findConnectOutage, isMissingParent } from './query-errors.ts';
import { type Parameters, runStatement, type Statements, type WriteResult } from './statements.ts';
import { runTransaction } from './transaction.ts';

/**
 * Runs statements on a pool of connections. Each call resolves, or rejects with AppError `unavailable`, within fifteen
 * seconds. A row that refers to a deleted row is refused with AppError `conflict`. If a connection is lost, a read is
 * repeated once on another connection, and so is a write that has certainly changed nothing.
 */
export interface Database extends Statements {
  /** The name of the database on its server. */
  readonly name: string;
  /**
   * Connects to the server to check that it accepts MiniTwit's session variables. Does nothing if the server cannot be
   * reached within 2 s.
   * @throws OperatorError, one line, if the server does not accept them
   */
  checkSessionVariables(): Promise<void>;
  /**
   * Runs `work` in a transaction on one connection, within 5 s. `work` may be called twice, so it must have no effects
   * other than its statements.
   */
  transact<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result>;
  state(): PoolState;
  /** Closes all connections. */
  end(): Promise<void>;
}

const REPLACE_POOL_EVERY_MS = 1000;

/** Opens a database. The first statement opens the first connection. */
export function openDatabase(config: DatabaseConfig): Database {
  let pool = openPool(config);
  let replacedAtMs = -Infinity;

  /** Opens another pool, whose connections resolve the server's name again. */
  function replacePool(): void {
    replacedAtMs = performance.now();
    const oldPool = pool;
    pool = openPool(config);
    void oldPool.end();
  }

  async function attempt<Result>(use: (connection: PoolConnection) => Promise<Result>) {
    const usedPool = pool;
    const connection = await usedPool.acquire().catch(throwConnectOutage);
    try {
      return await use(connection);
    } catch (error) {
      if (!(error instanceof OutageError) || error.outage !== 'read_only') throw error;
      // A server that is no replica may refuse writes for another reason.
      const isDue = performance.now() - replacedAtMs > REPLACE_POOL_EVERY_MS;
      if (usedPool === pool && isDue) replacePool();
      throw error;
    } finally {
      connection.release();
    }
  }

  function read<Row>(connection: PoolConnection, sql: string, parameters: Parameters) {
    const values = { isPrimary: IS_PRIMARY, ...parameters };
    return runStatement<Row[]>(connection, sql, values, { hadNoEffect: true });
  }

  /** Calls `use` with a connection, and once more with another connection if the error allows it. */
  async function run<Result>(use: (connection: PoolConnection) => Promise<Result>) {
    for (let isRetry = false; ; isRetry = true) {
      try {
        return await attempt(use);
      } catch (error) {
        if (!(error instanceof OutageError)) throw isMissingParent(error) ? deleted(error) : error;
        if (isRetry || !isRetryable(error)) throw error.toAppError();
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
      run((connection) =>
        runStatement<WriteResult>(connection, sql, parameters, { hadNoEffect: false }),
      ),
    transact: (work) => run((connection) => runTransaction(connection, work)),
    state: () => pool.state(),
    end: () => pool.end(),
  };
}

/** A row may refer to an account that another request has just deleted. */
function deleted(cause: unknown): AppError {
  const message = 'An account that this refers to was deleted at this moment. Nothing was changed.';
  return new AppError('conflict', message, { cause });
}

function throwConnectOutage(error: QueryError): never {
  throw new OutageError(findConnectOutage(error), error, { hadNoEffect: true });
}

function isRetryable({ outage, hadNoEffect }: OutageError): boolean {
  return outage === 'stale' || outage === 'read_only' || (outage === 'lost' && hadNoEffect);
}
