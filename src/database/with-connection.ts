import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection, type QueryError } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { isConnectionClosed } from './query-errors.ts';
import { connectionOptions } from './open-connection.ts';
import { PROGRAM_BOUNDS, setSessionVariables } from './session-variables.ts';

const RETRY_EVERY_MS = 250;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** For how long to try again while the server starts or connections are lost. */
export interface RetryOptions {
  waitMaxMs: number;
  /** How long a login may take, a minute by default; a statement may take ten times as long. */
  connectTimeoutMs?: number;
  /** Is told once, when the waiting begins. */
  onWait?: (message: string) => void;
  /** When it is aborted, the work ends at once, with its reason. */
  signal?: AbortSignal;
}

/**
 * Does work on a connection of its own, for programs that run once. While the server starts, or when
 * the connection is lost, the whole work is done again.
 * @throws OperatorError, one line, when the settings do not lead to a database, when the server did
 *   not answer in time, when it does not take MiniTwit's session variables or when it refuses a statement
 */
export async function withConnection<T>(
  config: DatabaseConfig,
  { waitMaxMs, connectTimeoutMs = 60_000, onWait, signal }: RetryOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const giveUpAt = Date.now() + waitMaxMs;
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    try {
      return await attempt(config, { connectTimeoutMs, signal }, work);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isQueryError(error)) throw error;
      if (!isTransient(error))
        throw new OperatorError(formatConnectionError(error, config), { cause: error });
      if (Date.now() > giveUpAt) {
        const waited = `The database at ${config.host}:${config.port} did not serve within ${waitMaxMs / 1000} s`;
        throw new OperatorError(`${waited}: ${error.message || error.code}`, { cause: error });
      }
      if (isFirst) onWait?.(`Waiting for the database at ${config.host}:${config.port} …`);
    }
    await sleep(RETRY_EVERY_MS);
  }
}

async function attempt<T>(
  config: DatabaseConfig,
  { connectTimeoutMs, signal }: { connectTimeoutMs: number; signal: AbortSignal | undefined },
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  // mysql2's own time-out ends with the server's greeting; a server can fall silent after it.
  const socket = connect(config.port, config.host);
  const silence = Object.assign(new Error('the server fell silent'), { code: 'ETIMEDOUT' });
  socket.setTimeout(connectTimeoutMs, () => socket.destroy(silence));
  // what lies between may forget a connection on which nothing is said for minutes
  socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  const stop = () => socket.destroy(new Error('stopped'));
  signal?.addEventListener('abort', stop);
  try {
    const options = { ...connectionOptions(config), stream: socket };
    const connection = await mysql.createConnection(options);
    // A lost connection fails the query that runs, which is where it is handled.
    connection.on('error', () => undefined);
    await setSessionVariables(connection, config, PROGRAM_BOUNDS);
    // a statement may take its time: to count or drop a large table, for one
    socket.setTimeout(connectTimeoutMs * 10);
    return await work(connection);
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.destroy();
  }
}

const TRANSIENT = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_SERVER_SHUTDOWN',
]);

function isTransient(error: QueryError): boolean {
  return TRANSIENT.has(error.code) || isConnectionClosed(error);
}

function isQueryError(error: unknown): error is QueryError {
  return error instanceof Error && ('code' in error || 'fatal' in error);
}

function formatConnectionError(
  error: QueryError,
  { host, port, user, name }: DatabaseConfig,
): string {
  switch (error.code) {
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      return `The database at ${host}:${port} refused the user "${user}": look at DB_USER and DB_PASSWD.`;
    case 'ER_DBACCESS_DENIED_ERROR':
      return `The user "${user}" may not use the database "${name}" at ${host}:${port}.`;
    case 'ER_BAD_DB_ERROR':
      return `There is no database "${name}" at ${host}:${port}: look at DB_NAME.`;
    case 'ENOTFOUND':
      return `There is no host "${host}": look at DB_HOST.`;
    default:
      return `The database at ${host}:${port} failed: ${error.message || error.code}`;
  }
}
