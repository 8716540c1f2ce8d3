import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { OperatorError } from '../../errors.ts';
import type { Pace } from './pace.ts';
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
import { readBatches, readRows } from './rows.ts';
import type { Table } from './tables.ts';

/** Both sides of a copy, and how it is to be made. */
export interface Copying {
  /** In a transaction with a consistent snapshot. */
  source: Connection;
  warehouse: Connection;
  withCredentials: boolean;
  /** For what is read at the source. */
  pace: Pace;
  onProgress: (progress: CopyProgress) => void;
  /** Ends it between two ranges. */
  signal: AbortSignal;
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
  /** Of all its rows, in whatever order. */
  checksum: number;
  /** Rows that were inserted into the warehouse, and deleted from it; what has changed is both. */
  sent: number;
  deleted: number;
}

/** Keys from `from` to below `to`. */
type Range = { from: number; to: number };

interface Sum {
  total: number;
  checksum: number;
}

/**
 * Makes the warehouse's table the same as the source's, range by range of its key. What is the same already, by
 * number and checksum of its rows, is left alone; where the warehouse has nothing, all is sent, and elsewhere
 * the small parts that differ. What was sent is compared again, and so what this returns is proved. Whatever ends
 * it before, no range is left half done, and the next copy goes on from there.
 * @throws OperatorError when a range differs although it has just been sent
 */
export async function copyTable(copying: Copying, table: Table): Promise<CopiedTable> {
  const { onProgress, signal } = copying;
  const copied: CopiedTable = { table: table.name, rows: 0, checksum: 0, sent: 0, deleted: 0 };
  const end = await findEnd(copying, table);
  for await (const range of listRanges(copying, table)) {
    signal.throwIfAborted();
    const { theirs, ours } = await sumBoth(copying, table, range);
    if (!isSame(theirs, ours)) {
      const change = await sendRange(copying, table, range, { isNew: ours.total === 0 });
      copied.sent += change.sent;
      copied.deleted += change.deleted;
    }
    copied.rows += theirs.total;
    copied.checksum = (copied.checksum ^ theirs.checksum) >>> 0;
    const { rows, sent } = copied;
    onProgress({ table: table.name, rows, sent, share: Math.min(1, range.to / end) });
  }
  return copied;
}

/** Ranges of a table's key, rising, which hold all rows of both sides. */
async function* listRanges({ source, warehouse }: Copying, table: Table): AsyncGenerator<Range> {
  const sql = findNext(table);
  for (let from = 0; ;) {
    const found = await Promise.all(
      [source, warehouse].map((side) => readRows<{ next: number | null }>(side, sql, { from })),
    );
    const keys = found.flatMap(([row]) => row?.next ?? []);
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
    [source, warehouse].map((side) => readRows<{ last: number | null }>(side, sql)),
  );
  return Math.max(1, ...found.map(([row]) => (row?.last ?? 0) + 1));
}

async function sumBoth(
  { source, warehouse, withCredentials, pace }: Copying,
  table: Table,
  range: Range,
): Promise<{ theirs: Sum; ours: Sum }> {
  const [[theirs], [ours]] = await Promise.all([
    readRows<Sum>(source, sumRange(table, withCredentials), range),
    readRows<Sum>(warehouse, sumRange(table, true), range),
  ]);
  if (!theirs || !ours) throw new Error('a sum has no row');
  await pace(theirs.total);
  return { theirs, ours };
}

function isSame(theirs: Sum | undefined, ours: Sum | undefined): boolean {
  return theirs?.total === ours?.total && theirs?.checksum === ours?.checksum;
}

/** Brings a range to the warehouse, or what differs in it, in one transaction. */
async function sendRange(
  copying: Copying,
  table: Table,
  range: Range,
  { isNew }: { isNew: boolean },
): Promise<{ sent: number; deleted: number }> {
  const { source, warehouse, withCredentials, pace } = copying;
  const leaves = isNew ? [] : await listDifferentLeaves(copying, table, range);
  await warehouse.query('begin');
  let deleted = 0;
  if (!isNew) {
    const values = { ...range, leaves };
    const [{ affectedRows }] = await warehouse.query<ResultSetHeader>(deleteLeaves(table), values);
    deleted = affectedRows;
  }
  const read = isNew ? readRange : readLeaves;
  const batches = readBatches(source, read(table, withCredentials), { ...range, leaves });
  let sent = 0;
  for await (const rows of batches) {
    await warehouse.query(insertRows(table), { rows });
    sent += rows.length;
    await pace(rows.length);
  }
  const { theirs, ours } = await sumBoth(copying, table, range);
  if (!isSame(theirs, ours)) {
    throw new OperatorError(
      `The copy of ${table.name}, ${table.key[0]} ${range.from} to ${range.to - 1}, is not what was sent: ${ours.total} rows for ${theirs.total}, or others. Nothing of it was kept.`,
    );
  }
  await warehouse.query('commit');
  return { sent, deleted };
}

async function listDifferentLeaves(
  { source, warehouse, withCredentials, pace }: Copying,
  table: Table,
  range: Range,
): Promise<number[]> {
  const [theirs, ours] = await Promise.all([
    readRows<Sum & { leaf: number }>(source, sumLeaves(table, withCredentials), range),
    readRows<Sum & { leaf: number }>(warehouse, sumLeaves(table, true), range),
  ]);
  const [atSource, here] = [theirs, ours].map(
    (sums) => new Map(sums.map((sum) => [sum.leaf, sum])),
  );
  await pace(theirs.reduce((sum, { total }) => sum + total, 0));
  const all = new Set([...theirs, ...ours].map(({ leaf }) => leaf));
  return Array.from(all).filter((leaf) => !isSame(atSource?.get(leaf), here?.get(leaf)));
}
