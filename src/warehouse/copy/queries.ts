import { NO_CREDENTIALS, type Table } from './tables.ts';

// Tables differ in their names alone, which stand in tables.ts; whatever else changes is a parameter. On the
// source's side, hashes of passwords are read only if they are to be copied.

// They scatter keys that follow each other over 32 bits, and leave 64 bits room for their products.
const KEY_FACTORS = [2_654_435_761, 40_503];

/**
 * `next`: the first key that is `:from` or more; no row when there is none. (Asked for the least that is more than
 * a column can hold, MariaDB gives the greatest there is.)
 */
export function findNext({ name, key: [lead] }: Table): string {
  return `select ${lead} as next from ${name} where ${lead} >= :from order by ${lead} limit 1`;
}

/** `last`: the last key; null when there is none. */
export function findLast({ name, key: [lead] }: Table): string {
  return `select max(${lead}) as last from ${name}`;
}

/**
 * `total` and `checksum` (digits) of the rows from `:from` to below `:to`, in whatever order. Each row's CRC is
 * multiplied by a number of its key: CRCs alone are linear, and two rows that change alike would cancel each other.
 * (Nothing stronger is as fast: sha2 takes twice the time, and MySQL 9.7 has no md5.)
 */
export function sumRange(table: Table, withCredentials: boolean): string {
  return `select ${sum(table, withCredentials)} from ${table.name} where ${inRange(table)}`;
}

/** The same for each block of the range that has rows, called by its number. */
export function sumBlocks(table: Table, withCredentials: boolean): string {
  return `select ${block(table)} as block, ${sum(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)}
    group by block`;
}

/** The rows of a range, by key. */
export function readRange(table: Table, withCredentials: boolean): string {
  return `select ${values(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)}
    order by ${table.key.join(', ')}`;
}

/** Those that are in some of its blocks (`:blocks`). */
export function readBlocks(table: Table, withCredentials: boolean): string {
  return `select ${values(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)} and ${block(table)} in (:blocks)
    order by ${table.key.join(', ')}`;
}

/** Deletes them. */
export function deleteBlocks(table: Table): string {
  return `delete from ${table.name} where ${inRange(table)} and ${block(table)} in (:blocks)`;
}

/**
 * Inserts `:rows`, each in the order of the table's columns. A row that has the same unique value is an old one
 * of a later range: it gives way, and is looked at when its range comes.
 */
export function insertRows({ name, columns }: Table): string {
  return `replace into ${name} (${columns.join(', ')}) values :rows`;
}

function inRange({ key: [lead] }: Table): string {
  return `${lead} >= :from and ${lead} < :to`;
}

function block({ key: [lead], blockWidth }: Table): string {
  return `${lead} div ${blockWidth}`;
}

function sum(table: Table, withCredentials: boolean): string {
  const row = `crc32(concat_ws(char(0), ${values(table, withCredentials)}))`;
  const parts = table.key.map((column, at) => `(${column} & 4294967295) * ${KEY_FACTORS[at]}`);
  const key = `(${parts.join(' + ')}) % 4294967296`;
  // of 64 bits, which are more than a number has in JavaScript
  return `count(*) as total, cast(bit_xor(${row} * (${key} | 1)) as char) as checksum`;
}

function values({ columns }: Table, withCredentials: boolean): string {
  return columns
    .map((column) => (column === 'pw_hash' && !withCredentials ? `'${NO_CREDENTIALS}'` : column))
    .join(', ');
}
