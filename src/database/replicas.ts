import type { QueryError } from 'mysql2';
import type { Logger } from 'pino';
import type { DatabaseConfig, ReplicasConfig } from '../config/config.ts';
import { isAppError } from '../errors/app-error.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { batchReads } from './batches.ts';
import { NO_WAIT, openReplica, type Position, type ReplicaState } from './replica.ts';
import { AURORA_REPLICA_BOUNDS, REPLICA_BOUNDS } from './session-variables.ts';
import type { Parameters, ReadStatements } from './statements.ts';

/** The replicas of a database. A read there has everything that the writer had committed when the read began. */
export interface Replicas {
  /** Returns the rows of a select, or null if the writer must answer it. */
  select<Row>(sql: string, parameters: Parameters): Promise<Row[] | null>;
  /**
   * Connects to all servers, as far as they respond.
   * @throws OperatorError if the writer has no GTIDs, or if a replica does not accept MiniTwit's session variables
   */
  check(): Promise<void>;
  state(): ReplicaState[];
  /** Closes all connections. */
  end(): Promise<void>;
}

// Without a binary log, transactions have no GTIDs. In another mode, some have none. The select reads a table, which has
// one row: a new primary of a group lets selects of tables wait until it has executed everything of the old one.
const POSITION = `
  select if(@@global.gtid_mode = 'ON' and @@global.log_bin, @@global.gtid_executed, null) as position
  from rename_count
  where :isPrimary`;

// A longer position would cost more than most reads.
const POSITION_MAX_LENGTH = 16_384;

const NO_GTIDS =
  'DB_READ_HOST needs GTIDs, but the database at DB_HOST has none. Set gtid_mode and enforce_gtid_consistency to ON, and log_bin, or remove DB_READ_HOST.';
const UNKNOWN_VARIABLE = 1193;

/** Opens the replicas of a database. `writer` finds the position of the writer. */
export function openReplicas(
  config: DatabaseConfig,
  {
    servers,
    consistency,
    writer,
    logger,
  }: ReplicasConfig & { writer: ReadStatements; logger: Logger },
): Replicas {
  // One query serves all reads that wait at this moment.
  const readPosition = batchReads<null, Position | null>(async () => {
    try {
      const [row] = await writer.select<{ position: Position | null }>(POSITION);
      return [row?.position ?? null];
    } catch (error) {
      // MariaDB has no such variable.
      if ((error as QueryError).errno === UNKNOWN_VARIABLE) return [null];
      throw error;
    }
  });
  let isLengthLogged = false;

  async function findPosition(): Promise<Position | null> {
    if (consistency === 'aurora') return NO_WAIT;
    const position = await readPosition(null);
    if (position === null || position.length <= POSITION_MAX_LENGTH) return position || null;
    if (!isLengthLogged)
      logger.warn(
        { length: position.length },
        'gtid_executed is too long for reads from replicas.',
      );
    isLengthLogged = true;
    return null;
  }

  async function checkGtids(): Promise<void> {
    const position = await readPosition(null).catch((error: unknown) => {
      if (isAppError(error, 'unavailable')) return '';
      throw error;
    });
    if (position === null) throw new OperatorError(NO_GTIDS);
  }

  const bounds = consistency === 'aurora' ? AURORA_REPLICA_BOUNDS : REPLICA_BOUNDS;
  const replicas = servers.map((server) =>
    openReplica({ ...config, ...server }, { bounds, findPosition, logger }),
  );
  let nextIndex = 0;

  return {
    async select(sql, parameters) {
      const position = replicas.some((replica) => replica.isUsable()) ? await findPosition() : null;
      if (position === null) return null;
      const usable = replicas.filter((replica) => replica.isUsable());
      return usable[nextIndex++ % usable.length]?.select(sql, parameters, position) ?? null;
    },
    async check() {
      if (consistency === 'gtid') await checkGtids();
      await Promise.all(replicas.map((replica) => replica.check()));
    },
    state: () => replicas.map((replica) => replica.state()),
    async end() {
      await Promise.all(replicas.map((replica) => replica.end()));
    },
  };
}
