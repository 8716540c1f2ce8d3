import type { QueryError } from 'mysql2';
import type { AppError } from '../errors/app-error.ts';
import { isDemoted } from './primary.ts';

/**
 * Why a statement was not served, when the statement itself is not to blame:
 * - `refused`: it was not run, and to ask again at once would not help
 * - `stale`: it was not run, but another connection, or the same one later, may serve it
 * - `read_only`: it was not run, since the server was, or became, a replica; all its connections are stale
 * - `lost`: its outcome is unknown, since the connection ended while it ran, or since the server does not know
 * - `silent`: its outcome is unknown, since there was no answer in time
 */
export type Outage = 'refused' | 'stale' | 'read_only' | 'lost' | 'silent';

type ServerOutage = Exclude<Outage, 'silent'>;

const LOCK_TIMEOUTS = new Set([1205, 3572]);
// With these errors, both servers roll back instead of committing.
const ROLLED_BACK = new Set([1020, 1205, 1213, 1290, 1792, 1836, 3098, 3101]);

/**
 * What the servers' own errors mean, by number. Group replication's `before_commit` rolls back after 3100, but the
 * other members may have received the transaction by then. The errors of a consistency level (3796 to 3799) come when
 * a transaction begins, and 3098 before a statement runs. An error that is not listed is the statement's own fault.
 * After an error of `commit` the outcome is unknown, unless `isRolledBack` returns true.
 */
const SERVER_ERRORS: Record<ServerOutage, Record<number, string>> = {
  refused: {
    1021: 'ER_DISK_FULL',
    1047: 'ER_UNKNOWN_COM_ERROR: Galera has no quorum, or has not joined yet',
    1053: 'ER_SERVER_SHUTDOWN',
    1114: 'ER_RECORD_FILE_FULL: the disk or the tablespace is full',
    1146: 'ER_NO_SUCH_TABLE: before initdb',
    1205: 'ER_LOCK_WAIT_TIMEOUT',
    1206: 'ER_LOCK_TABLE_FULL',
    1226: 'ER_USER_LIMIT_REACHED: statements in an hour',
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
    3798: 'ER_GRP_TRX_CONSISTENCY_AFTER_ON_TRX_BEGIN: likewise',
    3799: 'ER_GRP_TRX_CONSISTENCY_BEGIN_NOT_ALLOWED: group replication stops',
    4031: 'ER_CLIENT_INTERACTION_TIMEOUT: closed for having been idle',
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

// All connections that the server, or the account, may have are open.
const CONNECTION_LIMITS = new Set([1040, 1203, 1226]);

/** The `code` of the error of a pool that was closed. */
export const POOL_CLOSED = 'POOL_CLOSED';

/** Why no connection was to be had: that is an outage, whatever the server said. */
export function findConnectOutage(error: QueryError): Outage {
  return error.code === POOL_CLOSED ? 'stale' : 'refused';
}

/** Why a statement that was handed to a connection failed; null when it is the statement's own fault. */
export function findOutage(error: QueryError): Outage | null {
  if (isDemoted(error)) return 'read_only';
  if (isConnectionClosed(error) || isAbortedByReplication(error)) return 'stale';
  const outage = OUTAGES.get(error.errno ?? 0);
  if (outage !== undefined) return outage;
  // The server gives each of its own errors a sqlState; the network's and the driver's have none.
  if (error.sqlState !== undefined || !(error.fatal || error.code)) return null;
  return error.code === 'ETIMEDOUT' ? 'silent' : 'lost';
}

/** Returns whether a commit that failed has certainly stored nothing. */
export function isRolledBack(error: QueryError): boolean {
  return (
    isConnectionClosed(error) || isAbortedByReplication(error) || ROLLED_BACK.has(error.errno ?? 0)
  );
}

/** InnoDB has rolled back, because a transaction that group replication applies to this server has priority. */
function isAbortedByReplication({ errno, message }: QueryError): boolean {
  return errno === 1180 && /\berror 149\b/.test(message);
}

/** Returns whether the server refused a connection because the server or the account has as many as allowed. */
export function isConnectionLimitReached(error: unknown): boolean {
  return CONNECTION_LIMITS.has((error as QueryError).errno ?? 0);
}

/** Tells whether the database refused a row because another one has its unique key. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as QueryError).errno === 1062;
}

/** Tells whether something was given up, and undone, because somebody had kept a row locked for too long. */
export function isLockTimeout(error: AppError): boolean {
  return LOCK_TIMEOUTS.has((error.cause as QueryError | undefined)?.errno ?? 0);
}

/** Tells whether a statement was not sent, since its connection had ended before. */
export function isConnectionClosed(error: QueryError): boolean {
  // mysql2 gives it no code, and marks as fatal what goes wrong while it reads an answer as well
  return error.fatal && error.message.endsWith('in closed state');
}
