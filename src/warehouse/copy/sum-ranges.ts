import type { RangeCopyOptions, Sum } from './copy-range.ts';
import type { CopyEndpoint } from './endpoint.ts';
import { ALL_KEYS, type Keys, keysOfRange } from './keys.ts';
import { findNext, sumRanges } from './queries.ts';
import { releaseTables } from './snapshot.ts';
import type { Table } from './tables.ts';

// A statement reads so many ranges, since it locks the definition of the table.
const RANGES_OF_A_STATEMENT = 64;

/** The sums of the ranges with rows, by the number of the range. */
export type Sums = Map<number, Sum>;

/** Sums all ranges of a table on both sides, in one pass that also counts their rows. */
export async function sumTable(
  { source, warehouse, withCredentials }: Omit<RangeCopyOptions, 'table' | 'onSent'>,
  table: Table,
): Promise<{ theirs: Sums; ours: Sums }> {
  const [theirs, ours] = await Promise.all([
    sumAll(source, table, { withCredentials, release: () => releaseTables(source) }),
    sumAll(warehouse, table, { withCredentials: true, release: async () => undefined }),
  ]);
  return { theirs, ours };
}

async function sumAll(
  side: CopyEndpoint,
  table: Table,
  { withCredentials, release }: { withCredentials: boolean; release: () => Promise<void> },
): Promise<Sums> {
  const sql = sumRanges(table, withCredentials);
  const sums: Sums = new Map();
  for (let from = ALL_KEYS.from; from <= ALL_KEYS.last;) {
    const keys = await findKeys(side, table, from);
    if (keys === null) break;
    for (const range of await side.read<Sum & { number: number }>(sql, keys)) {
      sums.set(range.number, { total: range.total, checksum: range.checksum });
    }
    await release();
    from = keys.last + 1n;
  }
  return sums;
}

/** Returns the keys of the next ranges that have rows from `from` on, or null without such rows. */
async function findKeys(side: CopyEndpoint, table: Table, from: bigint): Promise<Keys | null> {
  const [row] = await side.read<{ next: string }>(findNext(table), { from });
  if (row === undefined) return null;
  const first = Number(BigInt(row.next) / BigInt(table.rangeWidth));
  return {
    from: keysOfRange(table, first).from,
    last: keysOfRange(table, first + RANGES_OF_A_STATEMENT - 1).last,
  };
}
