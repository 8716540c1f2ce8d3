import type { Duplex } from 'node:stream';
import { type ConnectionOptions, createPool, type PoolConnection } from 'mysql2';
import type { DatabaseConfig } from '../config.ts';

const CONNECT_MAX_MS = 1500;
const WAIT_MAX_MS = 2000;
const USE_MAX_MS = 5000;
// Queries that wait for a connection; beyond it, a query is refused at once.
const WAITING_PER_CONNECTION = 50;
// A server that went without a word is noticed ten seconds after this, also by idle connections.
const KEEP_ALIVE_AFTER_MS = 10_000;

// The same rules on every server, whatever its own settings. NO_BACKSLASH_ESCAPES must never be among
// them: mysql2 escapes parameters with backslashes. The server gives up before we do, so that it does
// not go on with what nobody waits for: MySQL reads the first of the comments, MariaDB the second. Rows
// that one statement inserts have ids that follow each other, as `Change` promises.
const SESSION_RULES = `
  set session
    sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION',
    auto_increment_increment = 1,
    innodb_lock_wait_timeout = 3,
    lock_wait_timeout = 3
    /*!50708 , max_execution_time = 4000 */
    /*M!100101 , max_statement_time = 4 */`;

/** How busy a pool is. */
export interface PoolState {
  /** Its connections, and those in use. */
  open: number;
  used: number;
  /** Who waits for a connection. */
  waiting: number;
  /** Connections that were asked for so far, and the seconds spent waiting for all of them. */
  asked: number;
  waitedS: number;
}

/** Connections to lend, for a statement or a few. No time that is spent with it is without bound. */
export interface Pool {
  /**
   * Lends a connection, to be released. It is cut when it is not back after 5 s.
   * @throws mysql2's errors; with the code `ETIMEDOUT` when no connection was to be had within 2 s
   */
  acquire(): Promise<PoolConnection>;
  state(): PoolState;
  /** Closes every connection; one in use when its statement has been answered. */
  end(): Promise<void>;
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

/** Opens a pool. Each new connection asks anew where the server's name leads. */
export function openPool(config: DatabaseConfig): Pool {
  const pool = createPool({
    ...connectionOptions(config),
    connectTimeout: CONNECT_MAX_MS,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    connectionLimit: config.poolSize,
    queueLimit: config.poolSize * WAITING_PER_CONNECTION,
  });
  const open = new Set<PoolConnection>();
  const idle = new Set<PoolConnection>();
  const cuts = new WeakMap<PoolConnection, NodeJS.Timeout>();
  let waiting = 0;
  let asked = 0;
  let waitedS = 0;

  pool.on('connection', (connection) => {
    open.add(connection);
    streamOf(connection).once('close', () => {
      open.delete(connection);
      idle.delete(connection);
      clearTimeout(cuts.get(connection));
    });
    // mysql2 listens to one error only, and the next would end the process
    connection.on('error', () => undefined);
    connection.query(SESSION_RULES, (error) => {
      if (error) cut(connection, error);
    });
  });
  pool.on('release', (connection) => {
    idle.add(connection);
    clearTimeout(cuts.get(connection));
  });

  function lend(connection: PoolConnection): PoolConnection {
    idle.delete(connection);
    // from the last use, when it went from hand to hand
    clearTimeout(cuts.get(connection));
    const giveUp = () => cut(connection, timedOut('no answer', USE_MAX_MS));
    cuts.set(connection, setTimeout(giveUp, USE_MAX_MS));
    return connection;
  }

  function getConnection(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(timedOut('no connection', WAIT_MAX_MS));
      }, WAIT_MAX_MS);
      pool.getConnection((error, connection) => {
        // mysql2 knows no way to leave its queue
        if (isLate) return error ? undefined : connection.release();
        clearTimeout(timer);
        return error ? reject(error) : resolve(lend(connection));
      });
    });
  }

  return {
    async acquire() {
      const askedAtMs = performance.now();
      asked++;
      waiting++;
      try {
        return await getConnection();
      } finally {
        waiting--;
        waitedS += (performance.now() - askedAtMs) / 1000;
      }
    },
    state: () => ({ open: open.size, used: open.size - idle.size, waiting, asked, waitedS }),
    end: () =>
      new Promise((resolve, reject) => {
        pool.end((error) => (error ? reject(error) : resolve()));
      }),
  };
}

function timedOut(what: string, afterMs: number): Error {
  return Object.assign(new Error(`${what} within ${afterMs / 1000} s`), { code: 'ETIMEDOUT' });
}

/** Ends a connection at once, and fails what it works on. mysql2's `destroy` would do neither. */
function cut(connection: PoolConnection, error: Error): void {
  streamOf(connection).destroy(error);
}

function streamOf(connection: PoolConnection): Duplex {
  // what mysql2's types leave out
  return (connection as unknown as { stream: Duplex }).stream;
}
