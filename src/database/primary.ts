import { type QueryError, raw } from 'mysql2';

/** Not 0 if the server is a replica, or was demoted to one: by its administrator, by group replication, or on Aurora. */
export const READ_ONLY = '@@read_only + @@innodb_read_only';

// It adds 1 to the greatest number that there is if the server is read-only, which is an error.
const IS_PRIMARY = raw(`(~0 + ${READ_ONLY})`);

/** The value of `:isPrimary` where the server may be a replica. */
export const ANY_SERVER = raw('true');

const OUT_OF_RANGE = 1690;
// The message of MariaDB has the expression; that of MySQL has it without the variables' names.
const GREATEST = /~\(?0/;

/**
 * Returns the value of `:isPrimary`, a condition in each read of the repositories: true, but on a server that has
 * become read-only the statement fails. A demoted server still answers, with old rows. The check is part of the
 * statement, so it costs no round trip, and it works for results without rows.
 * @param isReplica whether the server was read-only when the connection was opened; then the condition is true
 */
export function isPrimaryFor({ isReplica }: { isReplica: boolean }): typeof IS_PRIMARY {
  return isReplica ? ANY_SERVER : IS_PRIMARY;
}

/** Returns whether a read failed because its server has become read-only. */
export function isDemoted({ errno, message }: QueryError): boolean {
  return errno === OUT_OF_RANGE && GREATEST.test(message);
}
