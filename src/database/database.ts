import type { QueryError } from 'mysql2';
import type { Logger } from 'pino';
import type { DatabaseConfig, ReplicasConfig } from '../config/config.ts';
import { createDeletedError } from '../errors/deleted-error.ts';
import { openConnection } from './open-connection.ts';
import { OutageError } from './outage-error.ts';
import { checkPool, openPool, type PoolConnection, type PoolState } from './pool.ts';
import { IS_PRIMARY } from './primary.ts';
import { findConnectOutage, isMissingParent } from './query-errors.ts';
import type { ReplicaState } from './replica.ts';
import { openReplicas } from './replicas.ts';
import {
  type Parameters,
  type ReadStatements,
  runStatement,
  type Statements,
  type WriteResult,
} from './statements.ts';
import { runTransaction } from './transaction.ts';

/**
 * Runs statements on a pool of connections. Each call resolves, or rejects with AppError `unavailable`, within fifteen
 * seconds. A row that refers to a deleted row is refused with AppError `conflict`. If a connection is lost, a read is
 * repeated once on another connection, and so is a write that has certainly changed nothing.
 *
 * If there are replicas, they answer selects outside of transactions, with everything that the writer had committed when
 * the call began. If they cannot, the writer does, within a further fifteen seconds.
 */
export interface Database extends Statements {
  /** The name of the database on its server. */
  readonly name: string;
  /**
   * As `select`, but never at a replica: for reads that cost the writer no more than its position does, and for reads
   * that compare with the writer's clock.
   */
  readonly writer: ReadStatements;
  /**
   * Connects to the servers to check that they accept MiniTwit's session variables, and that the writer has GTIDs if
   * there are replicas. Ignores servers that cannot be reached within 2 s.
   * @throws OperatorError, one line, if a server does not accept them
   */
  checkServers(): Promise<void>;
  /**
   * Runs `work` in a transaction on one connection, within 5 s. `work` may be called twice, so it must have no effects
   * other than its statements.
   */
  transact<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result>;
  state(): DatabaseState;
  /** Closes all connections. */
  end(): Promise<void>;
}

/** The state of a database, for metrics. */
export interface DatabaseState {
  /** The pool of connections to the writer. */
  pool: PoolState;
  /** The number of selects outside of transactions that were sent to the writer. */
  readsAtWriter: number;
  replicas: ReplicaState[];
}

/** The replicas of a database, and the log of their failures. */
export interface ReplicaOptions {
  replicas: ReplicasConfig | null;
  logger: Logger;
}

const REPLACE_POOL_EVERY_MS = 1000;

/** Opens a database. The first statement opens the first connection. */
export function openDatabase(config: DatabaseConfig, options?: ReplicaOptions): Database {
  const openWriterPool = () => openPool(config.poolSize, () => openConnection(config));
  let pool = openWriterPool();
  let replacedAtMs = -Infinity;
  let readsAtWriter = 0;

  /** Opens another pool, whose connections resolve the server's name again. */
  function replacePool(): void {
    replacedAtMs = performance.now();
    const oldPool = pool;
    pool = openWriterPool();
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
        if (!(error instanceof OutageError))
          throw isMissingParent(error) ? createDeletedError(error) : error;
        if (isRetry || !isRetryable(error)) throw error.toAppError();
      }
    }
  }

  const selectAtWriter = <Row>(sql: string, parameters: Parameters = {}) =>
    run((connection) => read<Row>(connection, sql, parameters));
  const select = <Row>(sql: string, parameters?: Parameters) => {
    readsAtWriter++;
    return selectAtWriter<Row>(sql, parameters);
  };
  const replicas = options?.replicas
    ? openReplicas(config, {
        ...options.replicas,
        writer: { select: selectAtWriter },
        logger: options.logger,
      })
    : null;

  return {
    name: config.name,
    writer: { select },
    async checkServers() {
      await checkPool(pool);
      await replicas?.check();
    },
    select: replicas
      ? async (sql, parameters = {}) =>
          (await replicas.select(sql, parameters)) ?? select(sql, parameters)
      : select,
    execute: (sql, parameters = {}) =>
      run((connection) =>
        runStatement<WriteResult>(connection, sql, parameters, { hadNoEffect: false }),
      ),
    transact: (work) => run((connection) => runTransaction(connection, work)),
    state: () => ({ pool: pool.state(), readsAtWriter, replicas: replicas?.state() ?? [] }),
    async end() {
      await Promise.all([pool.end(), replicas?.end()]);
    },
  };
}

function throwConnectOutage(error: QueryError): never {
  throw new OutageError(findConnectOutage(error), error, { hadNoEffect: true });
}

function isRetryable({ outage, hadNoEffect }: OutageError): boolean {
  return outage === 'stale' || outage === 'read_only' || (outage === 'lost' && hadNoEffect);
}
