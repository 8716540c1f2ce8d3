import type { CopyEndpoint } from './endpoint.ts';
import { ALL_KEYS, keysOfRange } from './keys.ts';
import { countRanges, countSomeRanges, findNext } from './queries.ts';
import { releaseTables } from './snapshot.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';

/** The number of rows of each range with rows, by the number of the range. */
type Counts = Map<number, number>;

type CountedRange = { number: number; total: number };

/** Counts the rows of all ranges of a table on both sides. With a limit of rows a second, the source is counted slowly. */
export async function countTable(
  {
    source,
    warehouse,
    maxRowsPerSecond,
    throttle,
  }: {
    source: CopyEndpoint;
    warehouse: CopyEndpoint;
    maxRowsPerSecond: number | null;
    throttle: Throttle;
  },
  table: Table,
): Promise<{ theirs: Counts; ours: Counts }> {
  const [theirs, ours] = await Promise.all([
    maxRowsPerSecond === null
      ? countAll(source, table)
      : countSlowly(source, table, { maxRowsPerSecond, throttle }),
    countAll(warehouse, table),
  ]);
  await releaseTables(source);
  return { theirs, ours };
}

async function countAll(side: CopyEndpoint, table: Table): Promise<Counts> {
  return toCounts(await side.read<CountedRange>(countRanges(table)));
}

/** Counts range by range, or several ranges with about the rows of a second. */
async function countSlowly(
  source: CopyEndpoint,
  table: Table,
  { maxRowsPerSecond, throttle }: { maxRowsPerSecond: number; throttle: Throttle },
): Promise<Counts> {
  const ranges = Math.max(1, Math.floor(maxRowsPerSecond / table.rangeWidth));
  const all: CountedRange[] = [];
  for (let from = ALL_KEYS.from; from <= ALL_KEYS.last;) {
    const [row] = await source.read<{ next: string }>(findNext(table), { from });
    if (row === undefined) break;
    const first = Number(BigInt(row.next) / BigInt(table.rangeWidth));
    const keys = {
      from: keysOfRange(table, first).from,
      last: keysOfRange(table, first + ranges - 1).last,
    };
    const found = await source.read<CountedRange>(countSomeRanges(table), keys);
    await releaseTables(source);
    all.push(...found);
    await throttle(found.reduce((sum, { total }) => sum + total, 0));
    from = keys.last + 1n;
  }
  return toCounts(all);
}

function toCounts(ranges: CountedRange[]): Counts {
  return new Map(ranges.map(({ number, total }) => [number, total]));
}
