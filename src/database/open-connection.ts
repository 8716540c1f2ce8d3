import type { Duplex } from 'node:stream';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import type { DatabaseConfig } from '../config/config.ts';
import { REQUEST_BOUNDS, setSessionVariables } from './session-variables.ts';

const CONNECT_MAX_MS = 1500;
// A server that went without a word is noticed ten seconds after this, also by idle connections.
const KEEP_ALIVE_AFTER_MS = 10_000;

/** A connection with MiniTwit's session variables. */
export interface OpenedConnection {
  connection: Connection;
  /** Whether the server was read-only when the connection was opened. */
  isReplica: boolean;
}

/** The options that a connection needs, for mysql2. */
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
    // Without TLS the server's public key protects the password of caching_sha2_password.
    ...(config.sslCa && { ssl: { ca: config.sslCa, verifyIdentity: true } }),
  };
}

/**
 * Opens a connection for web requests, within 1.5 s. It resolves the server's name again.
 * @throws mysql2's errors; OperatorError when the server does not take MiniTwit's session variables
 */
export async function openConnection(config: DatabaseConfig): Promise<OpenedConnection> {
  const connection = createConnection({
    ...connectionOptions(config),
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  });
  // An error of a connection on which no statement runs would end the process.
  connection.on('error', () => undefined);
  // mysql2's own limit does not cover the session variables.
  const timer = setTimeout(
    () => destroySocket(connection, createTimeoutError('no connection', CONNECT_MAX_MS)),
    CONNECT_MAX_MS,
  );
  try {
    await waitForHandshake(connection);
    const session = await setSessionVariables(connection.promise(), config, REQUEST_BOUNDS);
    return { connection, isReplica: session.isReadOnly };
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

/** The error of a wait that has ended without what was waited for. */
export function createTimeoutError(what: string, afterMs: number): Error {
  return Object.assign(new Error(`${what} within ${afterMs / 1000} s`), { code: 'ETIMEDOUT' });
}

/** Ends a connection at once, and fails the statement that it runs. mysql2's `destroy` would do neither. */
export function destroySocket(connection: Connection, error?: Error): void {
  streamOf(connection).destroy(error);
}

/** Calls back once, as soon as a connection cannot be used any more. */
export function onceUnusable(connection: Connection, act: () => void): void {
  let isCalled = false;
  const once = () => {
    if (!isCalled) act();
    isCalled = true;
  };
  // Of a connection that the server closes, `end` comes first; of one that fails while a statement runs, `close`.
  connection.on('end', once).on('error', once);
  streamOf(connection).on('close', once);
}

function streamOf(connection: Connection): Duplex {
  // what mysql2's types leave out
  return (connection as unknown as { stream: Duplex }).stream;
}
