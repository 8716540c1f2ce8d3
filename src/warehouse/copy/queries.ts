import { NO_CREDENTIALS, type Table } from './tables.ts';

// Only names from tables.ts are concatenated. All values are parameters. Password hashes are read from the source only
// if they are copied.

// The factors spread consecutive keys over 32 bits, and the products fit into 64 bits.
const KEY_FACTORS = [2_654_435_761, 40_503];

/**
 * Returns a query for `total`, and for `first` and `last`, the least and the greatest key of a table as digits, or null
 * without a row.
 */
export function readExtent({ name, key: [lead] }: Table): string {
  return `select count(*) as total, cast(min(${lead}) as char) as first, cast(max(${lead}) as char) as last
    from ${name}`;
}

/** Returns a query for `first` and `last` alone, which reads no other row. */
export function readBounds({ name, key: [lead] }: Table): string {
  return `select cast(min(${lead}) as char) as first, cast(max(${lead}) as char) as last from ${name}`;
}

/**
 * Returns a query for `next`, the first key that is `:from` or more, as digits. It returns no row without such a key.
 * `min` is not used: for a bound beyond the column's type, MariaDB returns the greatest key.
 */
export function findNext({ name, key: [lead] }: Table): string {
  return `select cast(${lead} as char) as next from ${name} where ${lead} >= :from order by ${lead} limit 1`;
}

/**
 * Returns a query for `total` of the rows from `:from` to `:last`. A query for all ranges, grouped by their numbers, takes
 * half as long again.
 */
export function countRange(table: Table): string {
  return `select count(*) as total from ${table.name} where ${inRange(table)}`;
}

/**
 * Returns a query for `total` and `checksum` (digits) of the rows from `:from` to `:last`. The order of rows does not
 * matter. Each row's CRC is multiplied by a number of its key: CRCs are linear, so two rows with the same change would
 * cancel each other. sha2 takes twice the time, and MySQL 9.7 has no md5.
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

/** Returns a query for the key of each row of the range in the blocks `:blocks`, followed by the row's checksum. */
export function sumRows(table: Table, withCredentials: boolean): string {
  return `select ${table.key.join(', ')}, ${rowSum(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)} and ${block(table)} in (:blocks)`;
}

/** Returns a query for the rows of a range in the order of the key. */
export function readRange(table: Table, withCredentials: boolean): string {
  return `select ${values(table, withCredentials)}
    from ${table.name}
    where ${inRange(table)}
    order by ${table.key.join(', ')}`;
}

/** Returns a query for the rows with the keys `:keys`, whose first columns are `:leads`. */
export function readRows(table: Table, withCredentials: boolean): string {
  return `select ${values(table, withCredentials)} from ${table.name} where ${hasKey(table)}`;
}

/** Returns a statement that deletes the rows with the keys `:keys`, whose first columns are `:leads`. */
export function deleteRows(table: Table): string {
  return `delete from ${table.name} where ${hasKey(table)}`;
}

/**
 * Returns a statement that inserts `:rows`, each in the order of the table's columns. It replaces an outdated row of a
 * later range with the same unique value. That row's range is copied later.
 */
export function insertRows({ name, columns }: Table): string {
  return `replace into ${name} (${columns.join(', ')}) values :rows`;
}

// Both bounds are inclusive, since the bound after the greatest key does not fit into 64 bits.
function inRange({ key: [lead] }: Table): string {
  return `${lead} >= :from and ${lead} <= :last`;
}

function hasKey({ key }: Table): string {
  const leads = `${key[0]} in (:leads)`;
  // MariaDB uses no index for a list of pairs.
  return key.length === 1 ? leads : `${leads} and (${key.join(', ')}) in (:keys)`;
}

function block({ key: [lead], blockWidth }: Table): string {
  return `${lead} div ${blockWidth}`;
}

function sum(table: Table, withCredentials: boolean): string {
  // The checksum has 64 bits, more than a number of JavaScript can hold, so it is a string.
  return `count(*) as total, cast(bit_xor(${rowSum(table, withCredentials)}) as char) as checksum`;
}

function rowSum(table: Table, withCredentials: boolean): string {
  const parts = table.key.map((column, at) => `(${column} & 4294967295) * ${KEY_FACTORS[at]}`);
  const key = `(${parts.join(' + ')}) % 4294967296`;
  return `crc32(concat(${distinctValues(table, withCredentials)})) * (${key} | 1)`;
}

/**
 * Returns the values of a row as a list of strings that are different for different rows: numbers, each with a comma,
 * lengths of texts, each with a comma, and texts. A null is a word, which neither a number nor a length is.
 */
function distinctValues(table: Table, withCredentials: boolean): string {
  const { columns, key, texts } = table;
  const numbers = columns.filter((column) => !texts.includes(column));
  const textValues = texts.map((column) => valueOf(column, withCredentials));
  return [
    ...numbers.map((column) => (key.includes(column) ? column : `coalesce(${column}, 'null')`)),
    ...textValues.map((value) => `coalesce(length(${value}), 'null')`),
  ]
    .join(`, ',', `)
    .concat(textValues.length > 0 ? `, ',', ` : '')
    .concat(textValues.map((value) => `coalesce(${value}, '')`).join(', '));
}

function values({ columns }: Table, withCredentials: boolean): string {
  return columns.map((column) => valueOf(column, withCredentials)).join(', ');
}

function valueOf(column: string, withCredentials: boolean): string {
  return column === 'pw_hash' && !withCredentials ? `'${NO_CREDENTIALS}'` : column;
}
