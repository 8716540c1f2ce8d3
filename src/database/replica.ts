import type { Logger } from 'pino';
import type { DatabaseConfig } from '../config/config.ts';
import { createExclusion } from './exclusion.ts';
import { openReplicaConnection } from './open-connection.ts';
import { OutageError } from './outage-error.ts';
import { checkPool, openPool, type PoolConnection, type PoolState } from './pool.ts';
import { ANY_SERVER } from './primary.ts';
import { isStatementTimeout } from './query-errors.ts';
import type { SessionVariables } from './session-variables.ts';
import { type Parameters, runStatement } from './statements.ts';

const CATCH_UP_MAX_S = 0.5;
const READ_MAX_MS = 1500;
const SLOW_READS_MAX = 3;
// A table with one row. A select without a table waits for nothing on some servers.
const PROBE = 'select 1 from rename_count';

/** The GTIDs of all transactions that the writer has committed, as MySQL formats them. */
export type Position = string;

/** The position for a replica that waits for the writer by itself. */
export const NO_WAIT: Position = '';

/** The state of a replica, for metrics. */
export interface ReplicaState {
  /** The address, `host:port`. */
  name: string;
  pool: PoolState;
  /** The number of reads that the replica has answered. */
  reads: number;
  /** Whether no read is sent to the replica until it has passed a probe. */
  isExcluded: boolean;
  /**
   * The seconds that the last read waited for the replica to catch up, or, since one waited in vain, the seconds since then.
   * Null before the first such wait, and if the replica waits by itself.
   */
  lagS: number | null;
}

/** A replica from which pages are read. */
export interface Replica {
  /** Whether the replica is not excluded. */
  isUsable(): boolean;
  /**
   * Returns the rows of a select, once the replica has everything up to `position`. Returns null if it lags, fails or is
   * busy: the writer must answer. A replica that lags by more than 0.5 s, does not respond within 1.5 s, or loses a
   * connection is excluded. So is one that stops three selects in a row after a second.
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
  const openReplicaPool = () =>
    openPool(config.poolSize, () => openReplicaConnection(config, bounds), READ_MAX_MS);
  let pool = openReplicaPool();
  // One name can lead to several servers, so each connection has a position of its own.
  const positions = new WeakMap<PoolConnection, Position>();
  let reads = 0;
  let slowReads = 0;
  let lagS: number | null = null;
  let lagsSinceMs: number | null = null;
  const exclusion = createExclusion(name, { probe, logger });

  /** Waits until the server of a connection has everything up to a position. */
  async function catchUp(connection: PoolConnection, position: Position): Promise<void> {
    if (position === NO_WAIT || positions.get(connection) === position) return;
    const startedAtMs = performance.now();
    const [row] = await run<{ isLate: number }>(
      connection,
      'select wait_for_executed_gtid_set(:position, :waitMaxS) as isLate',
      { position, waitMaxS: CATCH_UP_MAX_S },
    );
    if (row?.isLate !== 0) {
      lagsSinceMs ??= startedAtMs;
      throw new Error(`it lags by more than ${CATCH_UP_MAX_S} s`);
    }
    positions.set(connection, position);
    lagS = (performance.now() - startedAtMs) / 1000;
    lagsSinceMs = null;
  }

  async function read<Row>(connection: PoolConnection, sql: string, parameters: Parameters) {
    try {
      const rows = await run<Row>(connection, sql, { isPrimary: ANY_SERVER, ...parameters });
      reads++;
      slowReads = 0;
      return rows;
    } catch (error) {
      // The writer reports an error of the statement itself.
      if (!(error instanceof OutageError)) return null;
      if (isStatementTimeout(error) && ++slowReads < SLOW_READS_MAX) return null;
      throw error;
    }
  }

  async function probe(): Promise<void> {
    const position = await findPosition();
    if (position === null) throw new Error('the writer has no position');
    await useConnection(async (connection) => {
      await catchUp(connection, position);
      await run(connection, PROBE, {});
    });
  }

  function exclude(error: unknown): void {
    if (!exclusion.exclude(error)) return;
    slowReads = 0;
    // The next connections resolve the name again.
    void pool.end();
    pool = openReplicaPool();
  }

  async function useConnection<Result>(use: (connection: PoolConnection) => Promise<Result>) {
    const connection = await pool.acquire();
    try {
      return await use(connection);
    } finally {
      connection.release();
    }
  }

  return {
    isUsable: () => !exclusion.isExcluded(),
    async select<Row>(sql: string, parameters: Parameters, position: Position) {
      let isConnected = false;
      try {
        return await useConnection(async (connection) => {
          isConnected = true;
          // Another read may have failed while this one waited for a connection.
          if (exclusion.isExcluded()) return null;
          await catchUp(connection, position);
          return read<Row>(connection, sql, parameters);
        });
      } catch (error) {
        // If all connections are in use for long, the replica is busy.
        if (isConnected || pool.state().open === 0) exclude(error);
        return null;
      }
    },
    check: () => checkPool(pool),
    state: () => ({
      name,
      pool: pool.state(),
      reads,
      isExcluded: exclusion.isExcluded(),
      lagS: lagsSinceMs === null ? lagS : (performance.now() - lagsSinceMs) / 1000,
    }),
    end() {
      exclusion.end();
      return pool.end();
    },
  };
}

function run<Row>(connection: PoolConnection, sql: string, parameters: Parameters) {
  return runStatement<Row[]>(connection, sql, parameters, { hadNoEffect: true });
}
