import { OperatorError } from '../../errors.ts';
import {
  deleteLeaves,
  findLast,
  findNext,
  insertRows,
  readLeaves,
  readRange,
  sumLeaves,
  sumRange,
} from './queries.ts';
import type { Row, Side } from './side.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';

/** Both sides of a copy, and how it is to be made. */
export interface Copying {
  /** In a transaction with a consistent snapshot. */
  source: Side;
  warehouse: Side;
  withCredentials: boolean;
  /** For what is read at the source. */
  throttle: Throttle;
  onProgress: (progress: CopyProgress) => void;
}

/** How far the copy of a table has come. */
export interface CopyProgress {
  table: string;
  /** Rows that are known to be the same on both sides. */
  rows: number;
  sent: number;
  /** From 0 to 1, by the keys. */
  share: number;
}

/** A table that is the same on both sides, and what that took. */
export interface CopiedTable {
  table: string;
  rows: number;
  /** Of all its rows, in whatever order: up to 20 digits. */
  checksum: string;
  /** Rows that were inserted into the warehouse, and deleted from it; what has changed is both. */
  sent: number;
  deleted: number;
}

/** Keys from `from` to below `to`. */
type Range = { from: number; to: number };

/** How many rows there are, and what stands in them. */
interface Sum {
  total: number;
  checksum: string;
}

/**
 * Makes the warehouse's table the same as the source's, range by range of its key. What is the same already, by
 * number and checksum of its rows, is left alone; where the warehouse has nothing, all is sent, and elsewhere
 * the small parts that differ. What was sent is summed up again, and so what this returns is proved. Whatever
 * ends it before, no range is left half done, and the next copy goes on from there.
 * @throws OperatorError when a side fails, and when a range differs although it has just been sent
 */
export async function copyTable(copying: Copying, table: Table): Promise<CopiedTable> {
  const { source, warehouse, withCredentials, throttle, onProgress } = copying;
  const copied = { table: table.name, rows: 0, sent: 0, deleted: 0 };
  let checksum = 0n;
  const end = await findEnd(copying, table);
  const show = (sent: number, upTo: number) => {
    const { rows } = copied;
    onProgress({
      table: table.name,
      rows,
      sent: copied.sent + sent,
      share: Math.min(1, upTo / end),
    });
  };
  for await (const range of listRanges(copying, table)) {
    const [theirs, ours] = await Promise.all([
      sum(source, table, range, withCredentials),
      sum(warehouse, table, range, true),
    ]);
    await throttle(theirs.total);
    if (!isSame(theirs, ours)) {
      const isNew = ours.total === 0;
      const onSent = (sent: number) => show(sent, range.from);
      const change = await sendRange(copying, table, range, { theirs, isNew, onSent });
      copied.sent += change.sent;
      copied.deleted += change.deleted;
    }
    copied.rows += theirs.total;
    checksum ^= BigInt(theirs.checksum);
    show(0, range.to);
  }
  return { ...copied, checksum: checksum.toString() };
}

/** Ranges of a table's key, rising, which hold all rows of both sides. */
async function* listRanges({ source, warehouse }: Copying, table: Table): AsyncGenerator<Range> {
  const sql = findNext(table);
  for (let from = 0; ;) {
    const found = await Promise.all(
      [source, warehouse].map((side) => side.read<{ next: number }>(sql, { from })),
    );
    const keys = found.flatMap((rows) => rows.map(({ next }) => next));
    if (keys.length === 0) return;
    const start = Math.floor(Math.min(...keys) / table.rangeWidth) * table.rangeWidth;
    const range = { from: start, to: start + table.rangeWidth };
    yield range;
    from = range.to;
  }
}

async function findEnd({ source, warehouse }: Copying, table: Table): Promise<number> {
  const sql = findLast(table);
  const found = await Promise.all(
    [source, warehouse].map((side) => side.read<{ last: number | null }>(sql)),
  );
  return Math.max(1, ...found.map(([row]) => (row?.last ?? 0) + 1));
}

async function sum(side: Side, table: Table, range: Range, withCredentials: boolean): Promise<Sum> {
  const [row] = await side.read<Sum>(sumRange(table, withCredentials), range);
  if (!row) throw new Error('a sum has no row');
  return row;
}

function isSame(theirs: Sum | undefined, ours: Sum | undefined): boolean {
  return theirs?.total === ours?.total && theirs?.checksum === ours?.checksum;
}

/** Brings a range to the warehouse, or what differs in it, in one transaction. */
async function sendRange(
  copying: Copying,
  table: Table,
  range: Range,
  { theirs, isNew, onSent }: { theirs: Sum; isNew: boolean; onSent: (rows: number) => void },
): Promise<{ sent: number; deleted: number }> {
  const { source, warehouse, withCredentials } = copying;
  const leaves = isNew ? [] : await listDifferentLeaves(copying, table, range);
  await warehouse.write('begin');
  const deleted = isNew ? 0 : await warehouse.write(deleteLeaves(table), { ...range, leaves });
  const read = isNew ? readRange : readLeaves;
  const batches = source.readBatches(read(table, withCredentials), { ...range, leaves });
  const sent = await insert(copying, table, batches, onSent);
  const ours = await sum(warehouse, table, range, true);
  if (!isSame(theirs, ours)) {
    const where = `${table.name}, ${table.key[0]} ${range.from} to ${range.to - 1}`;
    throw new OperatorError(
      `The copy of ${where}, is not what was sent (${ours.total} rows of ${theirs.total}, or others). It was not kept.`,
    );
  }
  await warehouse.write('commit');
  return { sent, deleted };
}

/** Inserts a batch while the next is being read, and has another one ready when the server is. */
async function insert(
  { warehouse, throttle }: Copying,
  table: Table,
  batches: AsyncIterable<Row[]>,
  onSent: (rows: number) => void,
): Promise<number> {
  let sent = 0;
  let first: Promise<unknown> = Promise.resolve();
  let second = first;
  for await (const rows of batches) {
    await first;
    first = second;
    second = warehouse.write(insertRows(table), { rows });
    // its failure is seen when it is waited for
    second.catch(() => undefined);
    sent += rows.length;
    onSent(sent);
    await throttle(rows.length);
  }
  await first;
  await second;
  return sent;
}

async function listDifferentLeaves(
  { source, warehouse, withCredentials, throttle }: Copying,
  table: Table,
  range: Range,
): Promise<number[]> {
  const [theirs, ours] = await Promise.all([
    source.read<Sum & { leaf: number }>(sumLeaves(table, withCredentials), range),
    warehouse.read<Sum & { leaf: number }>(sumLeaves(table, true), range),
  ]);
  await throttle(theirs.reduce((total, leaf) => total + leaf.total, 0));
  const [atSource, here] = [theirs, ours].map(
    (sums) => new Map(sums.map((each) => [each.leaf, each])),
  );
  const all = new Set([...theirs, ...ours].map(({ leaf }) => leaf));
  return Array.from(all).filter((leaf) => !isSame(atSource?.get(leaf), here?.get(leaf)));
}
