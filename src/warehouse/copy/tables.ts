/** A table of MiniTwit's of which the warehouse keeps a copy. */
export interface Table {
  name: string;
  columns: string[];
  /** The columns of its primary key. What is compared are ranges of the first of them, a number. */
  key: string[];
  /** How many values of that column are compared at once: about as many as a server reads in a twentieth of a second. */
  rangeWidth: number;
  /** How many are sent anew when one of them differs. */
  blockWidth: number;
  /**
   * A column that is unique as well. A row that brings a value of another's locks values beside it until its
   * transaction ends, and another transaction may want those.
   */
  unique?: string;
}

/**
 * What the warehouse copies. It blocks out who is logged in at this moment (`session`) and who was how busy a
 * minute ago, from which address (`rate_limit`).
 */
export const TABLES: Table[] = [
  {
    name: 'user',
    columns: ['user_id', 'username', 'email', 'pw_hash'],
    key: ['user_id'],
    rangeWidth: 65_536,
    blockWidth: 16,
    unique: 'username',
  },
  {
    name: 'message',
    columns: ['message_id', 'author_id', 'text', 'pub_date'],
    key: ['message_id'],
    rangeWidth: 65_536,
    blockWidth: 16,
  },
  {
    name: 'follower',
    columns: ['who_id', 'whom_id'],
    key: ['who_id', 'whom_id'],
    rangeWidth: 1024,
    blockWidth: 1,
  },
  {
    name: 'profile',
    columns: ['user_id', 'followers', 'following', 'newest_ids', 'newest_id'],
    key: ['user_id'],
    rangeWidth: 65_536,
    blockWidth: 16,
  },
];

/** What stands in the warehouse instead of a password's hash. */
export const NO_CREDENTIALS = '';
