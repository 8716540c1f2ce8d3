import { OperatorError } from '../../errors/operator-error.ts';
import { deleteBlocks, insertRows, readBlocks, readRange, sumBlocks, sumRange } from './queries.ts';
import type { Row, CopyEndpoint } from './endpoint.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';

/** Keys from `from` to below `to`. */
export type Range = { from: number; to: number };

/** How many rows there are, and what stands in them. */
export interface Sum {
  total: number;
  /** Of all its rows, in whatever order: up to 20 digits. */
  checksum: string;
}

/** What it takes to copy a range of a table. */
export interface RangeCopyOptions {
  table: Table;
  /** In a transaction with a consistent snapshot. */
  source: CopyEndpoint;
  /** Sees what `inserters` have not committed yet. */
  warehouse: CopyEndpoint;
  /** The warehouse as well: `warehouse` itself, and others that insert at the same time. */
  inserters: CopyEndpoint[];
  withCredentials: boolean;
  /** For what is read at the source. */
  throttle: Throttle;
  /** Is told how many rows of the range have been sent. */
  onSent: (rows: number) => void;
}

/** What was done to a range of the warehouse's, and what both sides have there now. */
export interface CopiedRange {
  sent: number;
  deleted: number;
  sum: Sum;
}

/**
 * Sends a range in which the warehouse has nothing, in a transaction of each inserter's. It is proved before these
 * end; should only some of them do so, the next copy finds a range that differs.
 * @throws OperatorError when a side fails, and when it differs although it has just been sent
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
 * Makes a range the same if it is not, as `appendRange` does, by sending the blocks anew that differ.
 * @throws OperatorError as `appendRange` does
 */
export async function updateRange(copying: RangeCopyOptions, range: Range): Promise<CopiedRange> {
  const { table, source, warehouse, withCredentials, throttle } = copying;
  const [sum, before] = await sumBoth(copying, range);
  await throttle(sum.total);
  if (isSame(sum, before)) return { sent: 0, deleted: 0, sum };
  const values = { ...range, blocks: await listDifferentBlocks(copying, range) };
  await warehouse.write('begin');
  const deleted = await warehouse.write(deleteBlocks(table), values);
  // what is deleted is locked for others until the transaction ends
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
  if (!sum) throw new Error('a sum has no row');
  return sum;
}

function isSame(theirs: Sum | undefined, ours: Sum | undefined): boolean {
  return theirs?.total === ours?.total && theirs?.checksum === ours?.checksum;
}

function verify({ name, key }: Table, { from, to }: Range, theirs: Sum, ours: Sum): void {
  if (isSame(theirs, ours)) return;
  throw new OperatorError(
    `The copy of ${name}, ${key[0]} ${from} to ${to - 1}, is not what was sent (${ours.total} rows of ${theirs.total}, or others). It was not kept.`,
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

/** Inserts batches as they come, with one that is stored by each inserter and another one ready for it. */
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
