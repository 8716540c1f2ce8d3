import type { CopyEndpoint } from './endpoint.ts';
import type { Keys } from './keys.ts';
import { sumBlocks, sumRows } from './queries.ts';
import { type RowKey, toRowKey } from './row-keys.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';

/** The rows of a range that differ. A changed row is in both lists. */
export interface Differences {
  /** The rows that the source has, and the warehouse has not. */
  missing: RowKey[];
  /** The rows that the warehouse has, and the source has not. */
  excess: RowKey[];
}

/** The databases and the table whose rows are compared. */
export interface Comparison {
  table: Table;
  source: CopyEndpoint;
  warehouse: CopyEndpoint;
  withCredentials: boolean;
  throttle: Throttle;
}

/**
 * Finds the rows that differ: blocks of keys are compared first, then the rows of the blocks that differ. To compare
 * rows at once would transfer a key and a checksum of every row.
 */
export async function findDifferences(comparison: Comparison, keys: Keys): Promise<Differences> {
  const blocks = await listDifferentBlocks(comparison, keys);
  const { table, source, warehouse, withCredentials, throttle } = comparison;
  if (blocks.length === 0) return { missing: [], excess: [] };
  const values = { ...keys, blocks };
  const [theirs, ours] = await Promise.all([
    sumEachRow(source, table, sumRows(table, withCredentials), values),
    sumEachRow(warehouse, table, sumRows(table, true), values),
  ]);
  await throttle(theirs.size);
  return { missing: listOnlyIn(theirs, ours), excess: listOnlyIn(ours, theirs) };
}

async function listDifferentBlocks(
  { table, source, warehouse, withCredentials, throttle }: Comparison,
  keys: Keys,
): Promise<bigint[]> {
  type Block = { block: string | number; total: number; checksum: string };
  const [theirs, ours] = await Promise.all([
    source.read<Block>(sumBlocks(table, withCredentials), keys),
    warehouse.read<Block>(sumBlocks(table, true), keys),
  ]);
  await throttle(theirs.reduce((rows, { total }) => rows + total, 0));
  const [atSource, here] = [theirs, ours].map(
    (blocks) => new Map(blocks.map((each) => [each.block, `${each.total} ${each.checksum}`])),
  );
  const all = new Set([...theirs, ...ours].map(({ block }) => block));
  return Array.from(all)
    .filter((block) => atSource?.get(block) !== here?.get(block))
    .map(BigInt);
}

/** The key and the checksum of rows, by both of them as text. */
type RowSums = Map<string, RowKey>;

async function sumEachRow(
  side: CopyEndpoint,
  table: Table,
  sql: string,
  values: Keys & { blocks: bigint[] },
): Promise<RowSums> {
  const sums: RowSums = new Map();
  for await (const rows of side.readBatches(sql, values)) {
    for (const row of rows) sums.set(row.join(), toRowKey(table, row));
  }
  return sums;
}

function listOnlyIn(these: RowSums, others: RowSums): RowKey[] {
  return Array.from(these).flatMap(([text, key]) => (others.has(text) ? [] : [key]));
}
