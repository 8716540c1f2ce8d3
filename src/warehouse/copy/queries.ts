import { NO_CREDENTIALS, type Table } from './tables.ts';

// Only names from tables.ts are concatenated. All values are parameters. Password hashes are read from the source only
// if they are copied.

// The factors spread consecutive keys over 32 bits, and the products fit into 64 bits.
const KEY_FACTORS = [2_654_435_761, 40_503];

/**
 * Returns a query for `next`, the first key that is `:from` or more. It returns no row without such a key. `min` is not
 * used: for a bound beyond the column's type, MariaDB returns the greatest key.
 */
export function findNext({ name, key: [lead] }: Table): string {
  return `select ${lead} as next from ${name} where ${lead} >= :from order by ${lead} limit 1`;
}

/** Returns a query for `last`, the last key, or null. */
export function findLast({ name, key: [lead] }: Table): string {
  return `select max(${lead}) as last from ${name}`;
}

/**
 * Returns a query for `total` and `checksum` (digits) of the rows from `:from` to below `:to`. The order of rows does
 * not matter. Each row's CRC is multiplied by a number of its key: CRCs are linear, so two rows with the same change
 * would cancel each other. sha2 takes twice the time, and MySQL 9.7 has no md5.
 */
export function sumRange(table: Table, withCredentials: boolean): string {
  return `select ${sum(table, withCredentials)} from ${table.name} where ${inRange(table)}`;
}

/**
 * Returns a query for `total` and `checksum` of each block with rows in the range, with the block's number as `block`.
 */
export function sumBlocks(table: Table, withCredentials: boolean): string {
  return `select ${block(table)} as block, ${sum(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)}
    group by block`;
}

/** Returns a query for the rows of a range in the order of the key. */
export function readRange(table: Table, withCredentials: boolean): string {
  return `select ${values(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)}
    order by ${table.key.join(', ')}`;
}

/** Returns a query for the rows of a range that are in the blocks `:blocks`. */
export function readBlocks(table: Table, withCredentials: boolean): string {
  return `select ${values(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)} and ${block(table)} in (:blocks)
    order by ${table.key.join(', ')}`;
}

/** Returns a statement that deletes the rows of a range that are in the blocks `:blocks`. */
export function deleteBlocks(table: Table): string {
  return `delete from ${table.name} where ${inRange(table)} and ${block(table)} in (:blocks)`;
}

/**
 * Returns a statement that inserts `:rows`, each in the order of the table's columns. It replaces an outdated row of a
 * later range with the same unique value. That row's range is compared later.
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
  // The checksum has 64 bits, more than a number of JavaScript can hold, so it is a string.
  return `count(*) as total, cast(bit_xor(${row} * (${key} | 1)) as char) as checksum`;
}

function values({ columns }: Table, withCredentials: boolean): string {
  return columns
    .map((column) => (column === 'pw_hash' && !withCredentials ? `'${NO_CREDENTIALS}'` : column))
    .join(', ');
}
