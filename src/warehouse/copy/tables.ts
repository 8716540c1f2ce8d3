/** A table that the warehouse copies. */
export interface Table {
  name: string;
  columns: string[];
  /** The columns of the primary key. Ranges are ranges of the first one, which is a number. */
  key: string[];
  /** The number of keys in a range: about as many as a server reads in a twentieth of a second. */
  rangeWidth: number;
  /** The number of keys in a part, which is a Parquet file of the export: a multiple of `rangeWidth`. */
  partWidth: number;
  /** The number of keys in a block, which is sent as a whole if a row differs. */
  blockWidth: number;
  /**
   * Another unique column. A row that replaces another row with the same value locks neighbouring values until the
   * commit, so two transactions could block each other. Such a table has one inserter.
   */
  unique?: string;
}

/**
 * The tables that the warehouse copies. Sessions (`session`), second factors (`totp`, `recovery_code`, `passkey`), and
 * counters with the addresses of clients (`rate_limit`) are not copied.
 */
export const TABLES: Table[] = [
  {
    name: 'user',
    columns: ['user_id', 'username', 'email', 'pw_hash'],
    key: ['user_id'],
    rangeWidth: 65_536,
    partWidth: 1_048_576,
    blockWidth: 16,
    unique: 'username',
  },
  {
    name: 'message',
    columns: ['message_id', 'author_id', 'text', 'pub_date'],
    key: ['message_id'],
    rangeWidth: 65_536,
    partWidth: 1_048_576,
    blockWidth: 16,
  },
  {
    name: 'follower',
    columns: ['who_id', 'whom_id'],
    key: ['who_id', 'whom_id'],
    rangeWidth: 1024,
    partWidth: 65_536,
    blockWidth: 1,
  },
  {
    name: 'profile',
    columns: ['user_id', 'followers', 'following', 'newest_ids', 'newest_id'],
    key: ['user_id'],
    rangeWidth: 65_536,
    partWidth: 1_048_576,
    blockWidth: 16,
  },
];

/** The value in the warehouse instead of a password hash. */
export const NO_CREDENTIALS = '';
