import type { Connection, QueryError, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { READ_ONLY } from './primary.ts';
import { findOutage } from './query-errors.ts';
import {
  COMMON_VARIABLES,
  type SessionVariables,
  type VariableValues,
} from './session-variables.ts';

/**
 * Sets all session variables that MiniTwit needs, with one statement, and reads them back with a second one.
 * @param bounds the time limits of this connection
 * @returns whether the server is read-only
 * @throws OperatorError, one line, if the server refuses a variable, or if a variable has another value afterwards;
 *   mysql2's errors if the server does not respond
 */
export async function setSessionVariables(
  connection: Connection,
  { host, port }: DatabaseConfig,
  bounds: SessionVariables,
): Promise<{ isReadOnly: boolean }> {
  const variables = merge(COMMON_VARIABLES, bounds);
  const place = `The database at ${host}:${port}`;
  try {
    await connection.query(formatSet(variables));
    const [[row]] = await connection.query<RowDataPacket[]>(formatRead(variables));
    if (!row) throw new Error('a select of variables has no row');
    const { isReadOnly, ...values } = row;
    const problems = findDifferences(variables, values);
    if (problems.length === 0) return { isReadOnly: isReadOnly !== 0 };
    throw new OperatorError(
      `${place} changes session variables that MiniTwit has set: ${problems.join('; ')}. Remove the setting that overrides them, such as a rule of a proxy.`,
    );
  } catch (error) {
    const { message, sqlState } = error as QueryError;
    // A network error, which has no sqlState, and an outage of the server are not about a variable.
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
 * Returns the statement that sets the variables. It also resets `timestamp`, since a constant there would be the time
 * of every message. `timestamp` changes all the time, so it cannot be read back.
 */
function formatSet(variables: SessionVariables): string {
  return `set session timestamp = default, ${format(variables, (values) =>
    Object.entries(values).map(([name, value]) => `${name} = ${formatValue(value)}`),
  )}`;
}

/** Returns the statement that reads the variables, as text, since JavaScript's numbers cannot hold 64 bits. */
function formatRead(variables: SessionVariables): string {
  return `select ${READ_ONLY} as isReadOnly, ${format(variables, (values) =>
    Object.keys(values).map((name) => `cast(@@session.${name} as char) as ${name}`),
  )}`;
}

/** Returns one list for both kinds of server: MySQL reads the first comment, and MariaDB the second. */
function format(
  { all, mysql, mariadb }: SessionVariables,
  formatEach: (values: VariableValues) => string[],
): string {
  const [common, onMysql, onMariadb] = [all, mysql, mariadb].map((each) =>
    formatEach(each).join(', '),
  );
  return `${common} /*!80000 , ${onMysql} */ /*M!100101 , ${onMariadb} */`;
}

function formatValue(value: string | number): string {
  return typeof value === 'string' && !/^\d+$/.test(value) ? `'${value}'` : String(value);
}

/** Returns a text for each variable whose actual value differs. `actual` has the variables of this kind of server. */
function findDifferences(
  { all, mysql, mariadb }: SessionVariables,
  actual: Record<string, unknown>,
): string[] {
  const expectedValues: VariableValues = { ...all, ...mysql, ...mariadb };
  return Object.entries(actual).flatMap(([name, value]) => {
    const expected = String(expectedValues[name]);
    const found = SWITCHES[String(value)] ?? String(value);
    return isEqual(expected, found) ? [] : [`${name} is "${found}", not "${expected}"`];
  });
}

// MariaDB formats a boolean variable as a word.
const SWITCHES: Record<string, string> = { ON: '1', OFF: '0' };

/** Returns whether two values are equal. The server may return a list in another order, and a number with decimals. */
function isEqual(expected: string, actual: string): boolean {
  const sorted = (list: string) => list.split(',').toSorted().join();
  return (
    sorted(expected) === sorted(actual) || (actual !== '' && Number(expected) === Number(actual))
  );
}
