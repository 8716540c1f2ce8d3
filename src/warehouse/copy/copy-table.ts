import { appendRange, type Range, type RangeCopyOptions, updateRange } from './copy-range.ts';
import { findLast, findNext } from './queries.ts';
import type { CopyEndpoint } from './endpoint.ts';
import type { Table } from './tables.ts';

/** The options of the copy of a table. */
export interface TableCopyOptions extends Omit<RangeCopyOptions, 'table' | 'onSent'> {
  onProgress: (progress: CopyProgress) => void;
}

/** The progress of the copy of a table. */
export interface CopyProgress {
  table: string;
  /** The rows that are verified to be equal on both sides. */
  rows: number;
  sent: number;
  /** The share of the keys, from 0 to 1. */
  share: number;
}

/** The result of the copy of a table. */
export interface CopiedTable {
  table: string;
  rows: number;
  /** The checksum of all rows, which does not depend on their order: up to 20 digits. */
  checksum: string;
  /** The rows that were inserted into the warehouse and deleted from it. A changed row is in both numbers. */
  sent: number;
  deleted: number;
}

/**
 * Copies a table range by range of its key. Ranges beyond the warehouse's last key are sent. Other ranges are compared
 * by the number and checksum of their rows, and the blocks that differ are sent. Every sent range is compared again
 * before its commit, so an interruption leaves no range half copied, and the next copy continues.
 * @throws OperatorError if a database fails, or if a range differs after it was sent
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

/** Returns the last key, or -1 without one. */
async function readLast(side: CopyEndpoint, table: Table): Promise<number> {
  const [row] = await side.read<{ last: number | null }>(findLast(table));
  return row?.last ?? -1;
}

/** Lists ranges of a table's key in ascending order that contain all rows of both sides. */
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
