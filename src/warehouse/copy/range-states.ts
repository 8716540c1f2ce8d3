import { OperatorError } from '../../errors/operator-error.ts';
import type { CopyEndpoint } from './endpoint.ts';
import { ALL_KEYS, type Keys, keysOfRange, sliceKeys } from './keys.ts';
import { countRange, findNext, sumRange } from './queries.ts';
import type { Table } from './tables.ts';

/** The number of some rows, with a checksum. */
export interface Sum {
  total: number;
  /** The checksum, which does not depend on the order of the rows: up to 20 digits. */
  checksum: string;
}

/** The number of rows that a database has in a range, and their checksum. Null if they were only counted. */
export type RangeState = Pick<Sum, 'total'> & { checksum: string | null };

/** The sum of a range without rows. */
export const NO_ROWS: Sum = { total: 0, checksum: '0' };

/** How the ranges of a table are read in one of the two databases. */
export interface RangeReader {
  side: CopyEndpoint;
  table: Table;
  withCredentials: boolean;
  /** The most rows a second. Null for no limit. */
  maxRowsPerSecond: number | null;
  /** Called with the number of rows that a statement has read. */
  afterRead: (rows: number) => Promise<void>;
}

/** Reads the ranges with rows among these keys, in ascending order. `isCounted` chooses those that are only counted. */
export async function readStates(
  reader: RangeReader,
  { from, last }: Keys,
  isCounted: (number: number) => boolean,
): Promise<Map<number, RangeState>> {
  const states = new Map<number, RangeState>();
  let next = await findNextRange(reader, from);
  while (next !== null && keysOfRange(reader.table, next).from <= last) {
    states.set(next, await (isCounted(next) ? count(reader, next) : sumState(reader, next)));
    next = await findNextRange(reader, keysOfRange(reader.table, next).last + 1n);
  }
  return states;
}

/**
 * Returns the number of the range with the first key that is `from` or more, or null without such a key.
 * @throws OperatorError if a number of JavaScript cannot hold the number of the range
 */
export async function findNextRange(
  { side, table }: RangeReader,
  from: bigint,
): Promise<number | null> {
  if (from > ALL_KEYS.last) return null;
  const [row] = await side.read<{ next: string }>(findNext(table), { from });
  if (row === undefined) return null;
  const number = Number(BigInt(row.next) / BigInt(table.rangeWidth));
  if (Number.isSafeInteger(number)) return number;
  throw new OperatorError(
    `The row in ${table.name} with ${table.key[0]} ${row.next} cannot be copied: the key is too large.`,
  );
}

/** Sums a range. With a limit of rows a second, it is counted before, and then summed in slices. */
export async function sumState(reader: RangeReader, number: number): Promise<Sum> {
  const { side, table, withCredentials, maxRowsPerSecond, afterRead } = reader;
  const rows = maxRowsPerSecond === null ? 0 : (await count(reader, number)).total;
  const sum = { total: 0, checksum: 0n };
  for (const slice of sliceRange(table, { number, rows }, maxRowsPerSecond ?? Infinity)) {
    const [read] = await side.read<Sum>(sumRange(table, withCredentials), slice);
    if (!read) throw new Error('A query for a checksum returned no row.');
    await afterRead(read.total);
    sum.total += read.total;
    sum.checksum ^= BigInt(read.checksum);
  }
  return { total: sum.total, checksum: String(sum.checksum) };
}

async function count({ side, table, afterRead }: RangeReader, number: number): Promise<RangeState> {
  const keys = keysOfRange(table, number);
  const [{ total } = { total: 0 }] = await side.read<{ total: number }>(countRange(table), keys);
  await afterRead(total);
  return { total, checksum: null };
}

/** Splits a range into slices of about `sliceRows` rows or fewer. */
export function sliceRange(
  table: Table,
  { number, rows }: { number: number; rows: number },
  sliceRows: number,
): Keys[] {
  const slices = Math.max(1, Math.ceil(rows / sliceRows));
  const width = Math.max(table.blockWidth, Math.ceil(table.rangeWidth / slices));
  return Array.from(sliceKeys(keysOfRange(table, number), width));
}
