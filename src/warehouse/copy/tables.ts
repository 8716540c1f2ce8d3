/** A table that the warehouse copies. */
export interface Table {
  name: string;
  columns: string[];
  /** The columns that are text. Their lengths are part of a row's checksum. */
  texts: string[];
  /**
   * The columns of the primary key. Ranges are ranges of the first one, which is an integer from 0 to 2^64 - 1. The number
   * of its range must be less than 2^53.
   */
  key: [lead: string, ...others: string[]];
  /** The number of keys in a range: about as many as a server reads in a twentieth of a second. */
  rangeWidth: number;
  /** The number of keys in a part, which is a Parquet file of the export: a multiple of `rangeWidth`. */
  partWidth: number;
  /** The number of keys in a block. Blocks are compared before rows. */
  blockWidth: number;
  /**
   * Whether rows change or are deleted in ranges of any age, without a change of their number. Every run compares all
   * ranges of such a table. Of another table, a run compares all counts, and the checksums of some ranges.
   */
  isVolatile: boolean;
  /**
   * Another unique column. A row that replaces another row with the same value locks neighbouring values until the
   * commit, so two transactions could block each other. Such a table is copied on one connection.
   */
  unique?: string;
}

/**
 * The tables that the warehouse copies. Sessions (`session`), second factors (`totp`, `recovery_code`, `passkey`), and
 * counters with the addresses of clients (`rate_limit`) are not copied. `profile` is not copied either: its rows are
 * computed from these tables.
 */
export const TABLES: Table[] = [
  {
    name: 'user',
    columns: ['user_id', 'username', 'email', 'pw_hash', 'registered_at'],
    texts: ['username', 'email', 'pw_hash'],
    key: ['user_id'],
    rangeWidth: 65_536,
    partWidth: 1_048_576,
    blockWidth: 16,
    isVolatile: true,
    unique: 'username',
  },
  {
    name: 'message',
    columns: ['message_id', 'author_id', 'text', 'pub_date'],
    texts: ['text'],
    key: ['message_id'],
    rangeWidth: 65_536,
    partWidth: 1_048_576,
    blockWidth: 16,
    isVolatile: false,
  },
  {
    name: 'follower',
    columns: ['who_id', 'whom_id'],
    texts: [],
    key: ['who_id', 'whom_id'],
    rangeWidth: 1024,
    partWidth: 65_536,
    blockWidth: 1,
    isVolatile: true,
  },
];

/** The value in the warehouse instead of a password hash. */
export const NO_CREDENTIALS = '';
