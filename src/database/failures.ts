import type { QueryError } from 'mysql2';

/**
 * Why a statement was not served, when the statement itself is not to blame:
 * - `refused`: it was not run, and to ask again at once would not help
 * - `stale`: it was not run, but another connection may serve it
 * - `read_only`: it was not run, since the server was, or became, a replica; all its connections are stale
 * - `lost`: the connection ended while it ran, and nobody knows whether it was done
 * - `silent`: there was no answer in time, and nobody knows whether it was done
 */
export type Outage = 'refused' | 'stale' | 'read_only' | 'lost' | 'silent';

// Answers with which a server says that it cannot serve now: too many connections, access denied,
// unknown database, shutting down, no such table (yet), host blocked, a lock waited for too long, TLS
// demanded, a statement that took too long on MariaDB and on MySQL.
const REFUSALS = new Set([
  1040, 1044, 1045, 1049, 1053, 1129, 1130, 1146, 1203, 1205, 1226, 1698, 1969, 3024, 3159,
]);
const DEADLOCK = 1213;
const READ_ONLY = new Set([1290, 1792, 1836]);
// killed by an administrator, on MariaDB and on both; it was rolled back
const KILLED = new Set([1927, 1317]);

/** Why no connection was to be had. */
export function findConnectOutage(error: QueryError): Outage | null {
  if (error.message === 'Pool is closed.') return 'stale';
  const isOurs = error.message === 'Queue limit reached.';
  return isOurs || isFromNetwork(error) || REFUSALS.has(error.errno ?? 0) ? 'refused' : null;
}

/** Why a statement that was handed to a connection failed; null when it is the statement's own fault. */
export function findOutage(error: QueryError): Outage | null {
  const errno = error.errno ?? 0;
  if (READ_ONLY.has(errno)) return 'read_only';
  if (isClosed(error) || errno === DEADLOCK || KILLED.has(errno)) return 'stale';
  if (REFUSALS.has(errno)) return 'refused';
  if (!isFromNetwork(error)) return null;
  return error.code === 'ETIMEDOUT' ? 'silent' : 'lost';
}

/** Tells whether the database refused a row because another one has its unique key. */
export function isDuplicate(error: unknown): boolean {
  return (error as QueryError).errno === 1062;
}

/** Tells whether a statement failed because its connection had ended before. mysql2 gives that no code. */
export function isClosed(error: QueryError): boolean {
  return error.fatal && error.code === undefined;
}

function isFromNetwork(error: QueryError): boolean {
  // The server gives each of its own errors a sqlState; the network's and the driver's have none.
  return typeof error.code === 'string' && error.sqlState === undefined;
}
