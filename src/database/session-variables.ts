import type { Connection, QueryError, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { findOutage } from './query-errors.ts';
import { READ_ONLY } from './primary.ts';

type Values = Record<string, string | number>;

/** Session variables and their values, by the kind of server that has them. */
interface SessionVariables {
  all: Values;
  mysql: Values;
  mariadb: Values;
}

// These values override the server's settings, its init_connect and its option files, so MiniTwit's statements mean the
// same on every server. Each value is written out, since `default` would be the server's own. A variable is here if it can change what one of the
// statements in src/ or schema.sql does.
const COMMON: SessionVariables = {
  all: {
    // mysql2 escapes parameters with backslashes, and a value that does not fit is an error.
    sql_mode: 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION',
    // Texts with emoji reach the tables, and come back, unchanged. The server may ignore what the handshake asks for.
    character_set_client: 'utf8mb4',
    character_set_results: 'utf8mb4',
    collation_connection: 'utf8mb4_general_ci',
    // A statement outside of a transaction is stored at once.
    autocommit: 1,
    // A commit neither starts the next transaction nor ends the connection.
    completion_type: 'NO_CHAIN',
    // A message without an author is refused, and so is a name that exists.
    foreign_key_checks: 1,
    unique_checks: 1,
    // Updates and deletes may use any condition, and a select returns all of its rows.
    sql_safe_updates: 0,
    sql_select_limit: '18446744073709551615',
    sql_big_selects: 1,
    // The rows of one insert have consecutive ids.
    auto_increment_increment: 1,
    auto_increment_offset: 1,
    // A profile's list of ids is not cut off.
    group_concat_max_len: 1_048_576,
    // Statistics count days in UTC.
    time_zone: '+00:00',
  },
  mysql: {
    // A transaction reads one snapshot; a plain select in it locks nothing.
    transaction_isolation: 'REPEATABLE-READ',
    transaction_read_only: 0,
  },
  mariadb: {
    tx_isolation: 'REPEATABLE-READ',
    tx_read_only: 0,
    // Regular expressions of the statistics mean what they mean on MySQL.
    default_regex_flags: '',
  },
};

/**
 * The bounds of a web request's statements. The server gives up before the pool does, so that it does not continue
 * with work that no request waits for. In seconds, but `max_execution_time` is in milliseconds.
 */
export const REQUEST_BOUNDS: SessionVariables = {
  all: { innodb_lock_wait_timeout: 3, lock_wait_timeout: 3 },
  mysql: { max_execution_time: 4000 },
  mariadb: { max_statement_time: 4 },
};

/** The bounds of a program's statements, which count, copy and create whole tables. 0 is no bound. */
export const PROGRAM_BOUNDS: SessionVariables = {
  all: {
    innodb_lock_wait_timeout: 50,
    lock_wait_timeout: 600,
    // A connection waits while another one works.
    wait_timeout: 28_800,
    net_read_timeout: 600,
    net_write_timeout: 600,
  },
  mysql: { max_execution_time: 0 },
  mariadb: {
    max_statement_time: 0,
    idle_transaction_timeout: 0,
    idle_readonly_transaction_timeout: 0,
    idle_write_transaction_timeout: 0,
  },
};

/**
 * Sets all session variables that MiniTwit relies on, with one statement, and reads them back with another one.
 * @returns whether the server is read-only
 * @throws OperatorError, one line, when the server refuses a variable, or when one has another value afterwards;
 *   mysql2's errors when the server does not answer
 */
export async function setSessionVariables(
  connection: Connection,
  { host, port }: DatabaseConfig,
  bounds: SessionVariables,
): Promise<{ isReadOnly: boolean }> {
  const variables = merge(COMMON, bounds);
  const place = `The database at ${host}:${port}`;
  try {
    await connection.query(formatSet(variables));
    const [[row]] = await connection.query<RowDataPacket[]>(formatRead(variables));
    if (!row) throw new Error('a select of variables has no row');
    const { isReadOnly, ...values } = row;
    const problems = findDifferences(variables, values);
    if (problems.length === 0) return { isReadOnly: isReadOnly !== 0 };
    throw new OperatorError(
      `${place} changes session variables that MiniTwit has set: ${problems.join('; ')}. Remove what overrides them, such as a rule of a proxy.`,
    );
  } catch (error) {
    const { message, sqlState } = error as QueryError;
    // The network's errors have no sqlState, and a server that shuts down refuses no variable.
    if (sqlState === undefined || findOutage(error as QueryError) !== null) throw error;
    throw new OperatorError(
      `${place} refuses a session variable that MiniTwit needs: ${message}. Use MySQL 8.0.18 or later, or MariaDB 10.11 or later.`,
      { cause: error },
    );
  }
}

function merge(a: SessionVariables, b: SessionVariables): SessionVariables {
  return {
    all: { ...a.all, ...b.all },
    mysql: { ...a.mysql, ...b.mysql },
    mariadb: { ...a.mariadb, ...b.mariadb },
  };
}

/**
 * Writes the variables of both kinds of server into one statement: MySQL reads the first of the comments, MariaDB
 * the second. The variable `timestamp` is set as well, since a constant would be the time of every message. It changes
 * all the time, so it cannot be read back.
 */
function formatSet(variables: SessionVariables): string {
  return `set session timestamp = default, ${format(variables, (values) =>
    Object.entries(values).map(([name, value]) => `${name} = ${formatValue(value)}`),
  )}`;
}

function formatRead(variables: SessionVariables): string {
  // As text, since a number of 64 bits does not fit JavaScript's.
  return `select ${READ_ONLY} as isReadOnly, ${format(variables, (values) =>
    Object.keys(values).map((name) => `cast(@@session.${name} as char) as ${name}`),
  )}`;
}

function format(
  { all, mysql, mariadb }: SessionVariables,
  list: (values: Values) => string[],
): string {
  const [common, onMysql, onMariadb] = [all, mysql, mariadb].map((each) => list(each).join(', '));
  return `${common} /*!80000 , ${onMysql} */ /*M!100101 , ${onMariadb} */`;
}

function formatValue(value: string | number): string {
  return typeof value === 'string' && !/^\d+$/.test(value) ? `'${value}'` : String(value);
}

/** Compares the variables of the server's kind, which are those that it returned. */
function findDifferences(
  { all, mysql, mariadb }: SessionVariables,
  actual: Record<string, unknown>,
): string[] {
  const expected: Values = { ...all, ...mysql, ...mariadb };
  return Object.entries(actual).flatMap(([name, value]) => {
    const wanted = String(expected[name]);
    const read = SWITCHES[String(value)] ?? String(value);
    return isSame(wanted, read) ? [] : [`${name} is "${read}", not "${wanted}"`];
  });
}

// As text, MariaDB writes a switch as a word.
const SWITCHES: Record<string, string> = { ON: '1', OFF: '0' };

/** A list may come back in another order, and a number with decimals. */
function isSame(wanted: string, actual: string): boolean {
  const sorted = (list: string) => list.split(',').toSorted().join();
  return sorted(wanted) === sorted(actual) || (actual !== '' && Number(wanted) === Number(actual));
}
