import { appendRange, type Range, type RangeCopyOptions, updateRange } from './copy-range.ts';
import { findLast, findNext } from './queries.ts';
import type { CopyEndpoint } from './endpoint.ts';
import type { Table } from './tables.ts';

/** Both sides of a copy, and how it is to be made. */
export interface TableCopyOptions extends Omit<RangeCopyOptions, 'table' | 'onSent'> {
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

/**
 * Makes the warehouse's table the same as the source's, range by range of its key. What is new at the end is sent;
 * before that, ranges are compared by number and checksum of their rows, and of those that differ the small parts
 * that do are sent. What was sent is summed up again, and so what this returns is proved. Whatever ends it before,
 * no range is left half done, and the next copy goes on from there.
 * @throws OperatorError when a side fails, and when a range differs although it has just been sent
 */
export async function copyTable(copying: TableCopyOptions, table: Table): Promise<CopiedTable> {
  const { source, warehouse, onProgress } = copying;
  const copied = { table: table.name, rows: 0, sent: 0, deleted: 0 };
  let checksum = 0n;
  const [theirLast, ourLast] = await Promise.all([
    readLast(source, table),
    readLast(warehouse, table),
  ]);
  const end = Math.max(theirLast, ourLast) + 1;
  const show = (sent: number, upTo: number) => {
    const share = Math.min(1, upTo / end);
    onProgress({ table: table.name, rows: copied.rows, sent: copied.sent + sent, share });
  };
  for await (const range of listRanges(copying, table)) {
    const onSent = (sent: number) => show(sent, range.from);
    const copyRange = range.from > ourLast ? appendRange : updateRange;
    const { sent, deleted, sum } = await copyRange({ ...copying, table, onSent }, range);
    copied.sent += sent;
    copied.deleted += deleted;
    copied.rows += sum.total;
    checksum ^= BigInt(sum.checksum);
    show(0, range.to);
  }
  return { ...copied, checksum: checksum.toString() };
}

/** The last key; -1 when there is none. */
async function readLast(side: CopyEndpoint, table: Table): Promise<number> {
  const [row] = await side.read<{ last: number | null }>(findLast(table));
  return row?.last ?? -1;
}

/** Ranges of a table's key, rising, which hold all rows of both sides. */
async function* listRanges(
  { source, warehouse }: TableCopyOptions,
  table: Table,
): AsyncGenerator<Range> {
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
