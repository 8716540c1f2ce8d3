import type { Duplex } from 'node:stream';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import type { DatabaseConfig } from '../config/config.ts';
import { READ_ONLY_SERVER } from './query-errors.ts';
import { REQUEST_BOUNDS, type SessionVariables } from './session-variables.ts';
import { setSessionVariables } from './set-session-variables.ts';

const CONNECT_MAX_MS = 1500;
// TCP detects a vanished server ten seconds after this, also on idle connections.
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Returns mysql2's options for a connection to a database. */
export function connectionOptions(config: DatabaseConfig): ConnectionOptions {
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    database: config.name,
    charset: 'utf8mb4',
    timezone: 'Z',
    namedPlaceholders: true,
    // Without TLS, the server's public key protects the password of caching_sha2_password.
    ...(config.sslCa && { ssl: { ca: config.sslCa, verifyIdentity: true } }),
  };
}

/**
 * Opens a connection for web requests, within 1.5 s, and sets MiniTwit's session variables. It resolves the server's name
 * again.
 * @throws mysql2's errors; an error with the code `READ_ONLY_SERVER` if the server is read-only, so its rows may be
 *   outdated; OperatorError if the server does not accept the session variables
 */
export function openConnection(config: DatabaseConfig): Promise<Connection> {
  return connect(config, async (connection) => {
    const session = await setSessionVariables(connection.promise(), config, REQUEST_BOUNDS);
    if (session.isReadOnly) throw createReadOnlyError(config);
  });
}

/**
 * Opens a connection to a read replica, as `openConnection`, but the server may be read-only.
 * @param bounds the session variables of this connection, beside those of all connections
 * @throws mysql2's errors; OperatorError if the server does not accept the session variables
 */
export function openReplicaConnection(
  config: DatabaseConfig,
  bounds: SessionVariables,
): Promise<Connection> {
  return connect(config, async (connection) => {
    await setSessionVariables(connection.promise(), config, bounds);
  });
}

async function connect(
  config: DatabaseConfig,
  setUp: (connection: Connection) => Promise<void>,
): Promise<Connection> {
  const connection = createConnection({
    ...connectionOptions(config),
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  });
  // An error of a connection on which no statement runs would end the process.
  connection.on('error', () => undefined);
  // mysql2's own timeout does not cover the session variables.
  const timer = setTimeout(
    () => destroySocket(connection, createTimeoutError('no connection', CONNECT_MAX_MS)),
    CONNECT_MAX_MS,
  );
  try {
    await waitForHandshake(connection);
    await setUp(connection);
    return connection;
  } catch (error) {
    destroySocket(connection);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function waitForHandshake(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
}

function createReadOnlyError({ host, port }: DatabaseConfig): Error {
  const message = `the database at ${host}:${port} is read-only: it is a replica, or a primary that was demoted`;
  return Object.assign(new Error(message), { code: READ_ONLY_SERVER });
}

/** Returns an error with the code `ETIMEDOUT`. `what` names what did not arrive in time. */
export function createTimeoutError(what: string, afterMs: number): Error {
  return Object.assign(new Error(`${what} within ${afterMs / 1000} s`), { code: 'ETIMEDOUT' });
}

/** Closes a connection at once, and fails its running statement. mysql2's `destroy` does neither. */
export function destroySocket(connection: Connection, error?: Error): void {
  streamOf(connection).destroy(error);
}

/** Calls `listener` once, as soon as a connection is closed or broken. */
export function onceUnusable(connection: Connection, listener: () => void): void {
  let isCalled = false;
  const once = () => {
    if (!isCalled) listener();
    isCalled = true;
  };
  // If the server closes a connection, `end` is emitted first. If it fails while a statement runs, `close` is.
  connection.on('end', once).on('error', once);
  streamOf(connection).on('close', once);
}

function streamOf(connection: Connection): Duplex {
  // mysql2's types do not declare this property.
  return (connection as unknown as { stream: Duplex }).stream;
}
