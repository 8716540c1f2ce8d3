import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config.ts';
import { AppError } from '../errors.ts';

/** Values of a query's named parameters: `:userId` takes `userId`. An array serves `in (:ids)`. */
export type Parameters = Record<string, string | number | null | number[]>;

/** What repositories ask of the database. Every failure to reach it is an AppError `unavailable`. */
export interface Database {
  /** The rows of a select, in the query's order; the caller says their shape. */
  select<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Runs an insert, update or delete. */
  change(sql: string, parameters?: Parameters): Promise<Change>;
  /** Closes every connection. */
  end(): Promise<void>;
}

/** What an insert, update or delete did. */
export interface Change {
  /** The id that `auto_increment` gave to a new row; 0 without one. */
  insertId: number;
  affectedRows: number;
}

const TRY_AGAIN = 'MiniTwit cannot answer at this moment. Please try again in a minute.';
const CONNECT_TIMEOUT_MS = 10_000;
// Queries that wait for one of the pool's connections; beyond it, a request is refused at once.
const WAITING_PER_CONNECTION = 50;

// The same rules on every server, whatever its own settings. NO_BACKSLASH_ESCAPES must never be among
// them: mysql2 escapes parameters with backslashes.
const SET_SQL_MODE =
  "set session sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION'";

/** The options that a connection needs, for mysql2. */
export function connectionOptions(config: DatabaseConfig): mysql.ConnectionOptions {
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    database: config.name,
    charset: 'utf8mb4',
    timezone: 'Z',
    namedPlaceholders: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Without TLS the server's public key protects the password of caching_sha2_password.
    ...(config.sslCa && { ssl: { ca: config.sslCa, verifyIdentity: true } }),
  };
}

/** Opens a pool; the first query makes the first connection. */
export function openDatabase(config: DatabaseConfig): Database {
  const pool = mysql.createPool({
    ...connectionOptions(config),
    connectionLimit: config.poolSize,
    queueLimit: config.poolSize * WAITING_PER_CONNECTION,
  });
  pool.pool.on('connection', (connection) => {
    connection.query(SET_SQL_MODE, (error) => {
      if (error) connection.destroy();
    });
  });
  return {
    async select<Row>(sql: string, parameters: Parameters = {}) {
      const [rows] = await pool.query<RowDataPacket[]>(sql, parameters).catch(rethrow(sql));
      return rows as Row[];
    },
    async change(sql, parameters = {}) {
      const [result] = await pool.query<ResultSetHeader>(sql, parameters).catch(rethrow(sql));
      return result;
    },
    end: () => pool.end(),
  };
}

/** Tells whether the database refused a row because another one has its unique key. */
export function isDuplicate(error: unknown): boolean {
  return (error as mysql.QueryError).errno === 1062;
}

function rethrow(sql: string): (error: mysql.QueryError & { sql?: string }) => never {
  return (error) => {
    // mysql2 leaves the query here with all its values, and errors are logged.
    error.sql = sql;
    if (!isUnavailable(error)) throw error;
    throw new AppError('unavailable', TRY_AGAIN, { cause: error });
  };
}

// Answers with which a server says that it cannot serve now: too many connections, access denied,
// unknown database, shutting down, host blocked, read-only after a failover, TLS demanded.
const REFUSALS = new Set([
  1040, 1044, 1045, 1049, 1053, 1129, 1130, 1203, 1226, 1290, 1698, 1792, 1836, 3159,
]);
const POOL_REFUSALS = new Set(['Queue limit reached.', 'Pool is closed.']);

/** Tells whether a query failed because its connection had ended before. mysql2 gives that no code. */
export function isClosed(error: mysql.QueryError): boolean {
  return error.fatal && error.code === undefined;
}

function isUnavailable(error: mysql.QueryError): boolean {
  // The server gives each of its own errors a sqlState; the network's and the driver's have none.
  const fromNetwork = typeof error.code === 'string' && error.sqlState === undefined;
  return (
    isClosed(error) ||
    fromNetwork ||
    REFUSALS.has(error.errno ?? 0) ||
    POOL_REFUSALS.has(error.message)
  );
}
