import type { Logger } from 'pino';
import type { DatabaseConfig } from '../config/config.ts';
import { errorMessage } from '../errors/error-message.ts';
import { createTimeoutError, openReplicaConnection } from './open-connection.ts';
import { checkPool, openPool, type PoolConnection } from './pool.ts';
import { ANY_SERVER } from './primary.ts';
import { isStatementTimeout } from './query-errors.ts';
import type { SessionVariables } from './session-variables.ts';
import { type Parameters, runStatement } from './statements.ts';

const CATCH_UP_MAX_S = 0.5;
const READ_MAX_MS = 1500;
const LEFT_OUT_MS = 5000;

/**
 * The GTIDs of all transactions that the writer has committed, as MySQL formats them. Every replica has the empty position.
 */
export type Position = string;

/** The state of a replica, for metrics. */
export interface ReplicaState {
  /** The address, `host:port`. */
  name: string;
  /** The number of reads that the replica has answered. */
  reads: number;
  isLeftOut: boolean;
  /** The time that the replica needed to catch up when it was last asked, or since when it is left out. */
  lagS: number;
}

/** A replica from which pages are read. */
export interface Replica {
  /** Whether the replica is not left out. */
  isUsable(): boolean;
  /**
   * Returns the rows of a select, once the replica has everything up to `position`. Returns null if there is no response
   * within 1.5 s. The replica is then left out for some seconds, and until it responds again.
   */
  select<Row>(sql: string, parameters: Parameters, position: Position): Promise<Row[] | null>;
  /**
   * Connects to the replica. Does nothing if it cannot be reached within 2 s.
   * @throws OperatorError if it does not accept MiniTwit's session variables
   */
  check(): Promise<void>;
  state(): ReplicaState;
  /** Closes all connections. */
  end(): Promise<void>;
}

/** The parts that all replicas of a database share. */
export interface ReplicaContext {
  /** The session variables of each connection. */
  bounds: SessionVariables;
  /** Returns the position for a read that begins now, or null if the writer has none. */
  findPosition: () => Promise<Position | null>;
  logger: Logger;
}

/** Opens a replica. The first read opens the first connection. */
export function openReplica(
  config: DatabaseConfig,
  { bounds, findPosition, logger }: ReplicaContext,
): Replica {
  const name = `${config.host}:${config.port}`;
  const pool = openPool(config.poolSize, () => openReplicaConnection(config, bounds));
  // One name can lead to several servers, so each connection has a position of its own.
  const positions = new WeakMap<PoolConnection, Position>();
  let reads = 0;
  let lagMs = 0;
  let leftOutAtMs: number | null = null;
  let probeTimer: NodeJS.Timeout | undefined;
  let hasEnded = false;

  async function read<Row>(sql: string, parameters: Parameters, position: Position) {
    const connection = await pool.acquire();
    try {
      if (position !== '' && positions.get(connection) !== position) {
        lagMs = await catchUp(connection, position);
        positions.set(connection, position);
      }
      return await run<Row>(connection, sql, { isPrimary: ANY_SERVER, ...parameters });
    } finally {
      connection.release();
    }
  }

  function leaveOut(error: unknown): void {
    if (leftOutAtMs !== null) return;
    leftOutAtMs = performance.now();
    logger.warn({ replica: name, reason: errorMessage(error) }, 'A replica is left out.');
    probeLater();
  }

  function probeLater(): void {
    if (!hasEnded) probeTimer = setTimeout(() => void probe(), LEFT_OUT_MS).unref();
  }

  async function probe(): Promise<void> {
    try {
      const position = await findPosition();
      if (position === null) return probeLater();
      await limitTime(read('select 1', {}, position));
      leftOutAtMs = null;
      logger.info({ replica: name }, 'A replica is used again.');
    } catch {
      probeLater();
    }
  }

  return {
    isUsable: () => leftOutAtMs === null,
    async select<Row>(sql: string, parameters: Parameters, position: Position) {
      try {
        const rows = await limitTime(read<Row>(sql, parameters, position));
        reads++;
        return rows;
      } catch (error) {
        // The replica works, but this select takes long.
        if (!isStatementTimeout(error)) leaveOut(error);
        return null;
      }
    },
    check: () => checkPool(pool),
    state: () => ({
      name,
      reads,
      isLeftOut: leftOutAtMs !== null,
      lagS: (leftOutAtMs === null ? lagMs : performance.now() - leftOutAtMs) / 1000,
    }),
    end() {
      hasEnded = true;
      clearTimeout(probeTimer);
      return pool.end();
    },
  };
}

/** Waits until the server has executed all transactions up to a position. Returns the time in milliseconds. */
async function catchUp(connection: PoolConnection, position: Position): Promise<number> {
  const startedAtMs = performance.now();
  const [row] = await run<{ isLate: number }>(
    connection,
    'select wait_for_executed_gtid_set(:position, :waitMaxS) as isLate',
    { position, waitMaxS: CATCH_UP_MAX_S },
  );
  if (row?.isLate !== 0) throw new Error(`the replica lags by more than ${CATCH_UP_MAX_S} s`);
  return performance.now() - startedAtMs;
}

function run<Row>(connection: PoolConnection, sql: string, parameters: Parameters) {
  return runStatement<Row[]>(connection, sql, parameters, { hadNoEffect: true });
}

/** Rejects if there is no result within READ_MAX_MS. The limits of the pool end the read later. */
async function limitTime<Result>(result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(createTimeoutError('no response', READ_MAX_MS)), READ_MAX_MS);
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
