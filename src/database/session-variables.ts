/** The values of session variables, by name. */
export type VariableValues = Record<string, string | number>;

/** Session variables and their values, by the kind of server that has them. */
export interface SessionVariables {
  all: VariableValues;
  mysql: VariableValues;
  mariadb: VariableValues;
}

/**
 * The variables of every connection. They override the server's settings, its init_connect and its option files, so
 * that MiniTwit's statements have the same meaning on every server. A variable is here if it can change the meaning
 * of a statement in src/ or schema.sql. Each value is explicit, since `default` would be the server's own value.
 */
export const COMMON_VARIABLES: SessionVariables = {
  all: {
    // mysql2 escapes parameters with backslashes, and a value that does not fit is an error.
    sql_mode: 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION',
    // Texts with emoji are stored and returned unchanged. The server may ignore the character set of the handshake.
    character_set_client: 'utf8mb4',
    character_set_results: 'utf8mb4',
    collation_connection: 'utf8mb4_general_ci',
    // A statement outside of a transaction is stored at once.
    autocommit: 1,
    // A commit neither starts the next transaction nor ends the connection.
    completion_type: 'NO_CHAIN',
    // A message without an author is refused, and so is a username that exists.
    foreign_key_checks: 1,
    unique_checks: 1,
    // Updates and deletes may use any condition, and a select returns all of its rows.
    sql_safe_updates: 0,
    sql_select_limit: '18446744073709551615',
    sql_big_selects: 1,
    // The list of ids of a profile is not truncated when an update fills the table.
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
    // Regular expressions of the statistics have the same meaning as on MySQL.
    default_regex_flags: '',
  },
};

/**
 * The length at which the lists of a home timeline are cut, in bytes. The lists of about 100 authors have room in it. No
 * other statement of a web request joins rows.
 */
export const GROUP_CONCAT_MAX_LENGTH = 32_768;

/**
 * The limits of a web request's statements, in seconds (`max_execution_time` in milliseconds). The server's limits
 * are shorter than those of the pool, so that the server does not continue work for which no request waits.
 */
export const REQUEST_BOUNDS: SessionVariables = {
  all: {
    innodb_lock_wait_timeout: 3,
    lock_wait_timeout: 3,
    group_concat_max_len: GROUP_CONCAT_MAX_LENGTH,
  },
  mysql: { max_execution_time: 4000 },
  mariadb: { max_statement_time: 4 },
};

/**
 * The variables of a connection to a read replica. A replica that needs longer than a second leaves the read to the
 * writer.
 */
export const REPLICA_BOUNDS: SessionVariables = {
  ...REQUEST_BOUNDS,
  mysql: { max_execution_time: 1000 },
};

/**
 * The variables of a connection to a replica of Aurora, which then waits until it has everything that the writer had
 * committed when the read began. The cluster needs write forwarding for this variable.
 */
export const AURORA_REPLICA_BOUNDS: SessionVariables = {
  ...REPLICA_BOUNDS,
  mysql: { ...REPLICA_BOUNDS.mysql, aurora_replica_read_consistency: 'GLOBAL' },
};

/** The number of rows that a statement at the prompt returns at most, unless it has a limit of its own. */
export const PROMPT_ROWS_MAX = 1000;

/**
 * The limits of an operator's statements at the prompt: they must not stall the site, or change all rows of a table by
 * mistake.
 */
export const PROMPT_BOUNDS: SessionVariables = {
  all: {
    innodb_lock_wait_timeout: 5,
    lock_wait_timeout: 5,
    sql_safe_updates: 1,
    sql_select_limit: PROMPT_ROWS_MAX,
  },
  mysql: { max_execution_time: 30_000 },
  mariadb: { max_statement_time: 30 },
};

/** The time limits of a program's statements, which count, copy and create whole tables. 0 means no limit. */
export const PROGRAM_BOUNDS: SessionVariables = {
  all: {
    innodb_lock_wait_timeout: 50,
    lock_wait_timeout: 600,
    // A connection may be idle while another one works.
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
