import { type QueryError, raw } from 'mysql2';

/**
 * An expression that is not 0 on a replica. Administrators and group replication set `read_only`, Aurora sets
 * `innodb_read_only`.
 */
export const READ_ONLY = '@@read_only + @@innodb_read_only';

// On a read-only server it adds 1 to the greatest number, which is an error.
const IS_PRIMARY = raw(`(~0 + ${READ_ONLY})`);

/** The value of `:isPrimary` for statements that may also run on a replica. */
export const ANY_SERVER = raw('true');

const OUT_OF_RANGE = 1690;
// MariaDB's message has the whole expression, MySQL's has it without the variables' names.
const GREATEST = /~\(?0/;

/**
 * Returns the value of `:isPrimary`, a condition in each read of the repositories. The condition is true, but the
 * statement fails if the server has become read-only since the connection was opened. A demoted server still
 * responds, but with outdated rows. The check is part of the statement, so it costs no round trip, and it also works
 * for a result without rows.
 * @param connection.isReplica if true, the server was read-only from the start, and no statement fails
 */
export function isPrimaryFor({ isReplica }: { isReplica: boolean }): typeof IS_PRIMARY {
  return isReplica ? ANY_SERVER : IS_PRIMARY;
}

/** Returns whether a read failed because its server has become read-only. */
export function isDemoted({ errno, message }: QueryError): boolean {
  return errno === OUT_OF_RANGE && GREATEST.test(message);
}
