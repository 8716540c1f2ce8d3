import type { QueryError } from 'mysql2';
import type { AppError } from '../errors.ts';

/**
 * Why a statement was not served, when the statement itself is not to blame:
 * - `refused`: it was not run, and to ask again at once would not help
 * - `stale`: it was not run, but another connection may serve it
 * - `read_only`: it was not run, since the server was, or became, a replica; all its connections are stale
 * - `lost`: the connection ended while it ran, and nobody knows whether it was done
 * - `silent`: there was no answer in time, and nobody knows whether it was done
 */
export type Outage = 'refused' | 'stale' | 'read_only' | 'lost' | 'silent';

// Answers with which a server says that it cannot run this now: shutting down, no such table (yet), its
// disk or a table full, a lock waited for too long, a statement that took too long on MariaDB and on
// MySQL, offline mode.
const LOCKED = 1205;
const REFUSALS = new Set([1053, 1146, 1021, 1114, LOCKED, 1969, 3024, 3032]);
const DEADLOCK = 1213;
const READ_ONLY = new Set([1290, 1792, 1836]);
// by an administrator, on MariaDB and on MySQL, or for having been idle; what ran was rolled back
const KILLED = new Set([1927, 1317, 3169, 4031]);

/** Why no connection was to be had: that is an outage, whatever the server said. */
export function findConnectOutage(error: QueryError): Outage {
  return error.message === 'Pool is closed.' ? 'stale' : 'refused';
}

/** Why a statement that was handed to a connection failed; null when it is the statement's own fault. */
export function findOutage(error: QueryError): Outage | null {
  const errno = error.errno ?? 0;
  if (READ_ONLY.has(errno)) return 'read_only';
  if (isClosed(error) || errno === DEADLOCK || KILLED.has(errno)) return 'stale';
  if (REFUSALS.has(errno)) return 'refused';
  // The server gives each of its own errors a sqlState; the network's and the driver's have none.
  if (error.sqlState !== undefined || !(error.fatal || error.code)) return null;
  return error.code === 'ETIMEDOUT' ? 'silent' : 'lost';
}

/** Tells whether the database refused a row because another one has its unique key. */
export function isDuplicate(error: unknown): boolean {
  return (error as QueryError).errno === 1062;
}

/** Tells whether something was given up, and undone, because somebody had kept a row locked for too long. */
export function isLocked(error: AppError): boolean {
  return (error.cause as QueryError | undefined)?.errno === LOCKED;
}

/** Tells whether a statement was not sent, since its connection had ended before. */
export function isClosed(error: QueryError): boolean {
  // mysql2 gives it no code, and marks as fatal what goes wrong while it reads an answer as well
  return error.fatal && error.message.endsWith('in closed state');
}
