import { OperatorError } from '../../errors/operator-error.ts';
import { deleteBlocks, insertRows, readBlocks, readRange, sumBlocks, sumRange } from './queries.ts';
import type { Row, CopyEndpoint } from './endpoint.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';

/** The keys from `from` to below `to`. */
export type Range = { from: number; to: number };

/** The number of some rows, with a checksum. */
export interface Sum {
  total: number;
  /** The checksum, which does not depend on the order of the rows: up to 20 digits. */
  checksum: string;
}

/** The options of the copy of a range. */
export interface RangeCopyOptions {
  table: Table;
  /** The source, in a transaction with a consistent snapshot. */
  source: CopyEndpoint;
  /** A connection that also reads the uncommitted rows of `inserters`. */
  warehouse: CopyEndpoint;
  /** `warehouse` and further connections to it, which insert at the same time. */
  inserters: CopyEndpoint[];
  withCredentials: boolean;
  /** Limits the reads from the source. */
  throttle: Throttle;
  /** Called with the number of rows of the range that have been sent. */
  onSent: (rows: number) => void;
}

/** The changes to a range of the warehouse, and its sum on both sides afterwards. */
export interface CopiedRange {
  sent: number;
  deleted: number;
  sum: Sum;
}

/**
 * Sends a range of which the warehouse has no row, in one transaction for each inserter. The checksum is compared
 * before the commits. If only some inserters commit, the next copy finds a range that differs.
 * @throws OperatorError if a database fails, or if the range differs after it was sent
 */
export async function appendRange(copying: RangeCopyOptions, range: Range): Promise<CopiedRange> {
  const { table, source, warehouse, withCredentials, throttle } = copying;
  const inserters = table.unique === undefined ? copying.inserters : [warehouse];
  await Promise.all(inserters.map((side) => side.write('begin')));
  const rows = source.readBatches(readRange(table, withCredentials), range);
  const sent = await insert(copying, inserters, rows);
  const [sum, ours] = await sumBoth(copying, range);
  await throttle(sum.total);
  verify(table, range, sum, ours);
  await Promise.all(inserters.map((side) => side.write('commit')));
  return { sent, deleted: 0, sum };
}

/**
 * Compares a range, and sends the blocks that differ again, in one transaction.
 * @throws OperatorError if a database fails, or if the range differs after it was sent
 */
export async function updateRange(copying: RangeCopyOptions, range: Range): Promise<CopiedRange> {
  const { table, source, warehouse, withCredentials, throttle } = copying;
  const [sum, before] = await sumBoth(copying, range);
  await throttle(sum.total);
  if (isSame(sum, before)) return { sent: 0, deleted: 0, sum };
  const values = { ...range, blocks: await listDifferentBlocks(copying, range) };
  await warehouse.write('begin');
  const deleted = await warehouse.write(deleteBlocks(table), values);
  // One connection inserts: the deleted rows are locked for other connections until the commit.
  const rows = source.readBatches(readBlocks(table, withCredentials), values);
  const sent = await insert(copying, [warehouse], rows);
  verify(table, range, sum, await sumEndpoint(warehouse, sumRange(table, true), range));
  await warehouse.write('commit');
  return { sent, deleted, sum };
}

function sumBoth(
  { table, source, warehouse, withCredentials }: RangeCopyOptions,
  range: Range,
): Promise<[theirs: Sum, ours: Sum]> {
  return Promise.all([
    sumEndpoint(source, sumRange(table, withCredentials), range),
    sumEndpoint(warehouse, sumRange(table, true), range),
  ]);
}

async function sumEndpoint(side: CopyEndpoint, sql: string, range: Range): Promise<Sum> {
  const [sum] = await side.read<Sum>(sql, range);
  if (!sum) throw new Error('A query for a checksum returned no row.');
  return sum;
}

function isSame(theirs: Sum | undefined, ours: Sum | undefined): boolean {
  return theirs?.total === ours?.total && theirs?.checksum === ours?.checksum;
}

function verify({ name, key }: Table, { from, to }: Range, theirs: Sum, ours: Sum): void {
  if (isSame(theirs, ours)) return;
  throw new OperatorError(
    `The copy of ${name}, ${key[0]} ${from} to ${to - 1}, differs from the rows that were sent (${ours.total} rows of ${theirs.total}). It was rolled back.`,
  );
}

async function listDifferentBlocks(
  { table, source, warehouse, withCredentials, throttle }: RangeCopyOptions,
  range: Range,
): Promise<number[]> {
  type Block = Sum & { block: number };
  const [theirs, ours] = await Promise.all([
    source.read<Block>(sumBlocks(table, withCredentials), range),
    warehouse.read<Block>(sumBlocks(table, true), range),
  ]);
  await throttle(theirs.reduce((rows, { total }) => rows + total, 0));
  const [atSource, here] = [theirs, ours].map(
    (blocks) => new Map(blocks.map((each) => [each.block, each])),
  );
  const all = new Set([...theirs, ...ours].map(({ block }) => block));
  return Array.from(all).filter((block) => !isSame(atSource?.get(block), here?.get(block)));
}

/** Inserts batches. While an inserter stores a batch, the next one is read. Returns the number of rows. */
async function insert(
  { table, throttle, onSent }: RangeCopyOptions,
  inserters: CopyEndpoint[],
  batches: AsyncGenerator<Row[]>,
): Promise<number> {
  let sent = 0;
  const takeBatches = async (side: CopyEndpoint) => {
    for await (const rows of batches) {
      await throttle(rows.length);
      await side.write(insertRows(table), { rows });
      sent += rows.length;
      onSent(sent);
    }
  };
  await Promise.all([...inserters, ...inserters].map(takeBatches));
  return sent;
}
