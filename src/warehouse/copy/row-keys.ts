import type { Row } from './endpoint.ts';
import type { Table } from './tables.ts';

/** The key of a row, in the order of the table's key columns. */
export type RowKey = (number | bigint)[];

// MariaDB materializes a list of 1,000 values or more in a temporary table.
const KEYS_OF_A_STATEMENT = 900;

/** Reads a key from the first columns of a row. */
export function toRowKey({ key }: Table, row: Row): RowKey {
  // A number as text would be compared as a float.
  return row
    .slice(0, key.length)
    .map((value) => (typeof value === 'number' ? value : BigInt(value ?? 0)));
}

/** Formats a key such as `who_id 1, whom_id 2`. */
export function formatKey({ key }: Table, values: RowKey): string {
  return key.map((column, at) => `${column} ${values[at]}`).join(', ');
}

/** Generates the parameters `keys` and `leads` of `readRows` and `deleteRows`, for a few hundred keys each. */
export function* bindKeys(keys: RowKey[]): Generator<{ keys: RowKey[]; leads: RowKey }> {
  for (let at = 0; at < keys.length; at += KEYS_OF_A_STATEMENT) {
    const some = keys.slice(at, at + KEYS_OF_A_STATEMENT);
    yield { keys: some, leads: Array.from(new Set(some.map(([lead]) => lead ?? 0))) };
  }
}
