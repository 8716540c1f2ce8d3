import { type QueryError, raw } from 'mysql2';

/**
 * An expression that is not 0 on a replica. Administrators and group replication set `read_only`, Aurora sets
 * `innodb_read_only`.
 */
export const READ_ONLY = '@@read_only + @@innodb_read_only';

/**
 * The value of `:isPrimary`, a condition in each read of the repositories. The condition is true, but on a read-only server
 * it adds 1 to the greatest number, which is an error. A demoted server still responds, but with outdated rows. The check
 * is part of the statement, so it costs no round trip, and it also works for a result without rows.
 */
export const IS_PRIMARY = raw(`(~0 + ${READ_ONLY})`);

/** The value of `:isPrimary` in a transaction, whose writes fail on a read-only server, and at a replica. */
export const ANY_SERVER = raw('true');

const OUT_OF_RANGE = 1690;
// MariaDB's message has the whole expression, MySQL's has it without the variables' names.
const GREATEST = /~\(?0/;

/** Returns whether a statement failed because its server has become read-only. */
export function isDemoted({ errno, message }: QueryError): boolean {
  return errno === OUT_OF_RANGE && GREATEST.test(message);
}
