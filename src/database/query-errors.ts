import type { QueryError } from 'mysql2';
import { isDemoted } from './primary.ts';

/**
 * Why a statement failed because of the server or the network:
 * - `refused`: the server did not run the statement, and an immediate retry would fail, too
 * - `stale`: the server did not run the statement, and a retry on another connection may succeed
 * - `read_only`: the server did not run the statement because it is a replica now, so all of its connections are stale
 * - `lost`: the outcome is unknown because the connection ended, or because the server does not know it
 * - `timeout`: the outcome is unknown because no response came in time
 */
export type Outage = 'refused' | 'stale' | 'read_only' | 'lost' | 'timeout';

type ServerOutage = Exclude<Outage, 'timeout'>;

const LOCK_CONFLICTS = new Set([1020, 1205, 3572]);
// With these errors, MySQL and MariaDB roll back instead of committing.
const ROLLED_BACK = new Set([1020, 1205, 1213, 1290, 1792, 1836, 3098, 3101]);

/**
 * The numbers of server errors that are outages. Any other error means that the statement is wrong. Group replication
 * rolls back after 3100, but its other members may have received the transaction. The errors of a consistency level
 * (3796 to 3799) occur when a transaction begins, and 3098 occurs before a statement runs. After an error of `commit`
 * the outcome is unknown, unless `isRolledBack` returns true.
 */
const SERVER_ERRORS: Record<ServerOutage, Record<number, string>> = {
  refused: {
    1021: 'ER_DISK_FULL',
    1047: 'ER_UNKNOWN_COM_ERROR: Galera has no quorum, or has not joined yet',
    1053: 'ER_SERVER_SHUTDOWN',
    1114: 'ER_RECORD_FILE_FULL: the disk or the tablespace is full',
    1146: 'ER_NO_SUCH_TABLE: initdb has not run',
    1205: 'ER_LOCK_WAIT_TIMEOUT',
    1206: 'ER_LOCK_TABLE_FULL',
    1226: 'ER_USER_LIMIT_REACHED: the limit of statements per hour',
    1969: 'ER_STATEMENT_TIMEOUT of MariaDB',
    3024: 'ER_QUERY_TIMEOUT of MySQL',
    3032: 'ER_SERVER_OFFLINE_MODE',
    3572: 'ER_LOCK_NOWAIT',
    9001: 'ProxySQL: no server accepts a connection',
  },
  stale: {
    1020: 'ER_CHECKREAD: MariaDB found a row that is newer than the snapshot',
    1213: 'ER_LOCK_DEADLOCK, also a conflict that Galera found at the commit',
    1317: 'ER_QUERY_INTERRUPTED: killed by an administrator, on MySQL',
    1412: 'ER_TABLE_DEF_CHANGED: a table was altered after the snapshot',
    1927: 'ER_CONNECTION_KILLED, on MariaDB',
    3101: 'ER_TRANSACTION_ROLLBACK_DURING_COMMIT: a conflict that group replication found at the commit',
    3169: 'ER_SESSION_WAS_KILLED, on MySQL',
    3796: 'ER_GRP_TRX_CONSISTENCY_NOT_ALLOWED: the member is not online',
    3797: 'ER_GRP_TRX_CONSISTENCY_BEFORE: the member did not catch up in time',
    3798: 'ER_GRP_TRX_CONSISTENCY_AFTER_ON_TRX_BEGIN: the member did not catch up in time',
    3799: 'ER_GRP_TRX_CONSISTENCY_BEGIN_NOT_ALLOWED: group replication stops',
    4031: 'ER_CLIENT_INTERACTION_TIMEOUT: the connection was idle for too long',
  },
  read_only: {
    1290: 'ER_OPTION_PREVENTS_STATEMENT: read_only or super_read_only',
    1792: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
    1836: 'ER_READ_ONLY_MODE: innodb_read_only',
    3098: 'ER_BEFORE_DML_VALIDATION_ERROR: group replication demotes the member',
  },
  lost: {
    1180: 'ER_ERROR_DURING_COMMIT',
    3100: 'ER_RUN_HOOK_ERROR: group replication failed in the commit',
  },
};

const OUTAGES = new Map<number, ServerOutage>(
  (Object.keys(SERVER_ERRORS) as ServerOutage[]).flatMap((outage) =>
    Object.keys(SERVER_ERRORS[outage]).map((errno) => [Number(errno), outage] as const),
  ),
);

// The server, or the account, has as many connections as it allows.
const CONNECTION_LIMITS = new Set([1040, 1203, 1226]);

/** The `code` of the error of a connection to a read-only server. */
export const READ_ONLY_SERVER = 'READ_ONLY_SERVER';

/** The `code` of the error that a closed pool throws. */
export const POOL_CLOSED = 'POOL_CLOSED';

/** Returns the outage of a failed attempt to get a connection. Every such error is an outage. */
export function findConnectOutage(error: QueryError): Outage {
  return error.code === POOL_CLOSED ? 'stale' : 'refused';
}

/** Returns the outage that made a statement fail, or null if the statement itself is wrong. */
export function findOutage(error: QueryError): Outage | null {
  if (isDemoted(error)) return 'read_only';
  if (isConnectionClosed(error) || isAbortedByReplication(error)) return 'stale';
  const outage = OUTAGES.get(error.errno ?? 0);
  if (outage !== undefined) return outage;
  // Server errors have a sqlState. Errors of the network and of mysql2 have none.
  if (error.sqlState !== undefined || !(error.fatal || error.code)) return null;
  return error.code === 'ETIMEDOUT' ? 'timeout' : 'lost';
}

/** Returns whether a failed commit has certainly stored nothing. */
export function isRolledBack(error: QueryError): boolean {
  return (
    isConnectionClosed(error) || isAbortedByReplication(error) || ROLLED_BACK.has(error.errno ?? 0)
  );
}

/** Returns whether InnoDB has rolled back in favour of a transaction that group replication applies to this server. */
function isAbortedByReplication({ errno, message }: QueryError): boolean {
  return errno === 1180 && /\berror 149\b/.test(message);
}

/** Returns whether the server refused a connection because the server or the account has as many as it allows. */
export function isConnectionLimitReached(error: unknown): boolean {
  return CONNECTION_LIMITS.has((error as QueryError).errno ?? 0);
}

/** Returns whether the database refused a row because another row has the same unique key. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as QueryError).errno === 1062;
}

/** Returns whether the database refused a row because the row to which it refers does not exist. */
export function isMissingParent(error: unknown): boolean {
  return (error as QueryError).errno === 1452;
}

/** Returns whether a statement or transaction was rolled back because of the locks or changes of another transaction. */
export function isLockConflict({ cause }: Error): boolean {
  return LOCK_CONFLICTS.has((cause as QueryError | undefined)?.errno ?? 0);
}

/** Returns whether the server stopped a select at `max_execution_time`. */
export function isStatementTimeout(error: unknown): boolean {
  return ((error as Error).cause as QueryError | undefined)?.errno === 3024;
}

/** Returns whether a statement was not sent because its connection had already ended. */
export function isConnectionClosed(error: QueryError): boolean {
  // mysql2 gives this error no code, and also marks errors while reading a response as fatal.
  return error.fatal && error.message.endsWith('in closed state');
}
