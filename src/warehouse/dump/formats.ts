import { sumRange } from '../copy/queries.ts';
import { TABLES, type Table } from '../copy/tables.ts';

/** The number of a dump's format: 1 until version 1.10.0, and 2 since. */
export type DumpFormat = 1 | 2;

/** The tables of a dump. */
export type DumpTable = Pick<Table, 'name' | 'columns' | 'key'>;

// Format 1 has the rows of `profile`, which are computed from the other tables.
const TABLES_OF_FORMAT_1: DumpTable[] = [
  { name: 'user', columns: ['user_id', 'username', 'email', 'pw_hash'], key: ['user_id'] },
  {
    name: 'message',
    columns: ['message_id', 'author_id', 'text', 'pub_date'],
    key: ['message_id'],
  },
  { name: 'follower', columns: ['who_id', 'whom_id'], key: ['who_id', 'whom_id'] },
  {
    name: 'profile',
    columns: ['user_id', 'followers', 'following', 'newest_ids', 'newest_id'],
    key: ['user_id'],
  },
];

/** The table of format 1 whose rows are not restored. */
export const DERIVED_TABLE = 'profile';

/** Returns the tables of a dump, in the order of their rows. */
export function listDumpTables(format: DumpFormat): DumpTable[] {
  return format === 1 ? TABLES_OF_FORMAT_1 : TABLES;
}

/**
 * Returns queries for `total` and `checksum` (digits) of all restored rows, by table. The keys are the parameters
 * `:from` and `:last`.
 */
export function listSumQueries(format: DumpFormat): [table: string, sql: string][] {
  if (format === 2) return TABLES.map((table) => [table.name, sumRange(table, true)]);
  return TABLES_OF_FORMAT_1.filter(({ name }) => name !== DERIVED_TABLE).map((table) => [
    table.name,
    sumFormat1(table),
  ]);
}

/** The checksum of format 1 does not contain the lengths of values. */
function sumFormat1({ name, columns, key }: DumpTable): string {
  const row = `crc32(concat_ws(char(0), ${columns.join(', ')}))`;
  const factors = [2_654_435_761, 40_503];
  const keys = key.map((column, at) => `(${column} & 4294967295) * ${factors[at]}`);
  const factor = `((${keys.join(' + ')}) % 4294967296) | 1`;
  return `select count(*) as total, cast(bit_xor(${row} * (${factor})) as char) as checksum
    from ${name} where ${key[0]} >= :from and ${key[0]} <= :last`;
}
