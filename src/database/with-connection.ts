import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection, type QueryError } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { connectionOptions } from './open-connection.ts';
import { isConnectionClosed } from './query-errors.ts';
import { setSessionVariables } from './set-session-variables.ts';
import { PROGRAM_BOUNDS } from './session-variables.ts';

const RETRY_EVERY_MS = 250;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** How long, and how often, an attempt is repeated while the server starts or connections are lost. */
export interface RetryOptions {
  waitMaxMs: number;
  /** The time limit of a login, a minute by default. The limit of a statement is ten times as long. */
  connectTimeoutMs?: number;
  /** Called once, before the first retry. */
  onWait?: (message: string) => void;
  /** Stops the work at once if it is aborted. */
  signal?: AbortSignal;
}

/**
 * Opens a connection for a program, and calls `work` with it. If the server starts up or the connection is lost, calls
 * `work` again from its beginning.
 * @throws OperatorError, one line, if the settings are wrong, if the server does not respond within `waitMaxMs`, if
 *   it does not accept MiniTwit's session variables, or if it refuses a statement; the reason of `signal`
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
      if (!isTransientQueryError(error))
        throw new OperatorError(formatConnectionError(error, config), { cause: error });
      if (Date.now() > giveUpAt) {
        const timeout = `The database at ${config.host}:${config.port} did not respond within ${waitMaxMs / 1000} s`;
        throw new OperatorError(`${timeout}: ${error.message || error.code}`, { cause: error });
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
  // mysql2's own timeout ends with the server's greeting, but a server can also hang after it.
  const socket = connect(config.port, config.host);
  const timeout = Object.assign(new Error('the server sends nothing'), { code: 'ETIMEDOUT' });
  socket.setTimeout(connectTimeoutMs, () => socket.destroy(timeout));
  // Firewalls and NAT gateways drop a connection that is idle for minutes.
  socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  const stop = () => socket.destroy(new Error('stopped'));
  signal?.addEventListener('abort', stop);
  try {
    const options = { ...connectionOptions(config), stream: socket };
    const connection = await mysql.createConnection(options);
    // A lost connection fails the running query, and that error is handled.
    connection.on('error', () => undefined);
    await setSessionVariables(connection, config, PROGRAM_BOUNDS);
    // Some statements take long, for example those that count or drop a large table.
    limitSilence(socket, connection, connectTimeoutMs * 10, timeout);
    return await work(connection);
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** Closes a connection whose statement has no response for so long. An idle connection stays open if the server answers. */
function limitSilence(socket: Socket, connection: Connection, maxMs: number, error: Error): void {
  let isAsked = false;
  socket.removeAllListeners('timeout');
  socket.setTimeout(maxMs / 2);
  socket.on('timeout', () => {
    if (isAsked) {
      socket.destroy(error);
      return;
    }
    // A running statement is answered before the ping.
    isAsked = true;
    connection.ping().then(
      () => (isAsked = false),
      () => undefined,
    );
    socket.setTimeout(maxMs / 2);
  });
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

function isTransientQueryError(error: QueryError): boolean {
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
      return `The database at ${host}:${port} refused the user "${user}". Check DB_USER and DB_PASSWD.`;
    case 'ER_DBACCESS_DENIED_ERROR':
      return `The user "${user}" may not use the database "${name}" at ${host}:${port}. Check DB_NAME and the privileges of the user.`;
    case 'ER_BAD_DB_ERROR':
      return `The server at ${host}:${port} has no database "${name}". Check DB_NAME.`;
    case 'ENOTFOUND':
      return `The host "${host}" does not exist. Check DB_HOST.`;
    default:
      return `The database at ${host}:${port} failed: ${error.message || error.code}`;
  }
}
