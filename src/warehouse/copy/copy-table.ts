import { isDeepStrictEqual } from 'node:util';
import { OperatorError } from '../../errors/operator-error.ts';
import { appendRange, type RangeCopyOptions, updateRange } from './copy-range.ts';
import { countTable } from './count-ranges.ts';
import { type LedgerEntry, readLedger, writeLedger } from './ledger.ts';
import { type PlannedRange, planRanges } from './plan-ranges.ts';
import { readBounds, readExtent } from './queries.ts';
import type { Progress } from '../../cli/progress-bar.ts';
import { releaseTables } from './snapshot.ts';
import { type Sums, sumTable } from './sum-ranges.ts';
import type { Table } from './tables.ts';

// So many proofs are lost if the copy is interrupted.
const PROOFS_OF_A_STATEMENT = 64;
const EMPTY_PART = { rows: 0, checksum: '0', provedAtS: Infinity };

/** The options of the copy of a table. */
export interface TableCopyOptions extends Omit<RangeCopyOptions, 'table' | 'onSent'> {
  /** Whether all ranges are compared. */
  proveAll: boolean;
  /** Called with the rows that are equal on both sides. */
  onProgress: (progress: Progress) => void;
}

/** The rows of `partWidth` keys of a table. */
export interface CopiedPart {
  /** The number of the part: its keys divided by the table's `partWidth`, rounded down. */
  part: number;
  rows: number;
  /** The checksum of the part's rows: up to 20 digits. */
  checksum: string;
  /**
   * When the part was last verified, in seconds since 1970: the time of the copy, or that of an earlier one if some
   * ranges of the part were only counted. Then the time is that of the range that was compared longest ago.
   */
  provedAtS: number;
}

/** The result of the copy of a table. */
export interface CopiedTable {
  table: string;
  rows: number;
  /** The rows whose checksums were compared in this copy. The others were only counted. */
  proved: number;
  /** The checksum of all rows, which does not depend on their order: up to 20 digits. */
  checksum: string;
  /** The rows that were inserted into the warehouse and deleted from it. A changed row is in both numbers. */
  sent: number;
  deleted: number;
  /** The parts with rows, in ascending order. */
  parts: CopiedPart[];
}

/**
 * Copies a table range by range of its key. Ranges of which the warehouse has no row are sent. Other ranges are compared
 * by the number of their rows, and most of them by a checksum, and the rows that differ are sent. Every sent range is
 * compared again before its commit, so an interruption leaves no range half copied, and the next copy continues.
 * @throws OperatorError if a database fails, or if the table differs afterwards
 */
export async function copyTable(copying: TableCopyOptions, table: Table): Promise<CopiedTable> {
  const { warehouse, onProgress, proveAll } = copying;
  const sums = await sumVolatile(copying, table);
  const counts = {
    ...(sums === null ? await countTable(copying, table) : countSums(sums)),
    ledger: await readLedger(warehouse, table),
  };
  const total = sumValues(counts.theirs);
  const changes = { sent: 0, deleted: 0 };
  const entries: LedgerEntry[] = [];
  let [rows, proved] = [0, 0];
  const show = (sent: number) => {
    const share = total === 0 ? 1 : rows / total;
    onProgress({ table: table.name, rows, sent: changes.sent + sent, share });
  };
  const ledger = createLedgerWriter(copying, table);
  for (const range of planRanges(counts, table, proveAll)) {
    const { sent, deleted, entry, isRecorded } = await copyRange(
      { ...copying, table, sums, onSent: show },
      range,
    );
    if (!isRecorded) await ledger.add(entry);
    entries.push(entry);
    changes.sent += sent;
    changes.deleted += deleted;
    rows += entry.rows;
    if (range.work !== 'trust') proved += entry.rows;
    show(0);
  }
  await ledger.flush();
  if (entries.length === 0) show(0);
  const isChanged = changes.sent + changes.deleted > 0;
  const ours = isChanged ? null : sumValues(counts.ours);
  await verifyTable(copying, table, { theirs: total, ours });
  const [whole] = groupParts(entries, () => 0);
  const parts = groupParts(entries, ({ number }) =>
    Math.floor((number * table.rangeWidth) / table.partWidth),
  );
  return { table: table.name, rows, proved, checksum: whole?.checksum ?? '0', ...changes, parts };
}

/**
 * Sums a table whose ranges are all compared. Null if its ranges are counted instead: because not all are compared, or
 * because a limit of rows a second needs the pauses between ranges.
 */
function sumVolatile(copying: TableCopyOptions, table: Table) {
  const isSummed = table.isVolatile && copying.maxRowsPerSecond === null;
  return isSummed ? sumTable(copying, table) : null;
}

function countSums({ theirs, ours }: { theirs: Sums; ours: Sums }) {
  const count = (sums: Sums) => new Map(Array.from(sums, ([number, { total }]) => [number, total]));
  return { theirs: count(theirs), ours: count(ours) };
}

/** Copies a range. `isRecorded` is false if the range was compared, and the ledger does not have this proof yet. */
async function copyRange(
  { sums, ...copying }: RangeCopyOptions & { sums: { theirs: Sums; ours: Sums } | null },
  { number, rows: counted, work, entry }: PlannedRange,
): Promise<{ sent: number; deleted: number; entry: LedgerEntry; isRecorded: boolean }> {
  if (work === 'trust' && entry !== null) return { sent: 0, deleted: 0, entry, isRecorded: true };
  const [known, ours] = [sums?.theirs.get(number), sums?.ours.get(number)];
  if (known !== undefined && isDeepStrictEqual(known, ours)) {
    const proof = { number, rows: known.total, checksum: known.checksum, provedAtS: copying.asOfS };
    return { sent: 0, deleted: 0, entry: proof, isRecorded: false };
  }
  const copy = work === 'append' ? appendRange : updateRange;
  const { sent, deleted, sum, isRecorded } = await copy(copying, { number, rows: counted });
  const { total: rows, checksum } = sum;
  return { sent, deleted, entry: { number, rows, checksum, provedAtS: copying.asOfS }, isRecorded };
}

/** Collects proofs of ranges that did not change, since a statement for each would take longer than its comparison. */
function createLedgerWriter({ warehouse }: TableCopyOptions, table: Table) {
  let waiting: LedgerEntry[] = [];
  const flush = async () => {
    await writeLedger(warehouse, table, waiting);
    waiting = [];
  };
  const add = async (entry: LedgerEntry) => {
    waiting.push(entry);
    if (waiting.length === PROOFS_OF_A_STATEMENT) await flush();
  };
  return { add, flush };
}

/**
 * Compares the number of rows, the least and the greatest key of the whole tables. The rows of a side that were counted
 * in this copy are not counted again if they cannot have changed since.
 * @throws OperatorError if they differ
 */
async function verifyTable(
  { source, warehouse }: TableCopyOptions,
  table: Table,
  counted: { theirs: number; ours: number | null },
): Promise<void> {
  type Extent = { total?: number; first: string | null; last: string | null };
  const [[theirs], [ours]] = await Promise.all([
    source.read<Extent>(readBounds(table)),
    warehouse.read<Extent>(counted.ours === null ? readExtent(table) : readBounds(table)),
  ]);
  await releaseTables(source);
  const format = (extent: Extent | undefined, total: number | null) =>
    `${total ?? extent?.total} rows with ${table.key[0]} ${extent?.first} to ${extent?.last}`;
  const [there, here] = [format(theirs, counted.theirs), format(ours, counted.ours)];
  if (there === here) return;
  throw new OperatorError(
    `The table ${table.name} differs after the copy: MiniTwit's database has ${there}, and the warehouse ${here}. Run the copy again, with --prove-all. If it fails again, compare the definitions of the two tables.`,
  );
}

/** Adds up the ranges of each part. The ranges are in ascending order. */
function groupParts(entries: LedgerEntry[], partOf: (entry: LedgerEntry) => number): CopiedPart[] {
  const parts = new Map<number, CopiedPart>();
  for (const entry of entries.filter(({ rows }) => rows > 0)) {
    const part = partOf(entry);
    const { rows, checksum, provedAtS } = parts.get(part) ?? EMPTY_PART;
    parts.set(part, {
      part,
      rows: rows + entry.rows,
      checksum: String(BigInt(checksum) ^ BigInt(entry.checksum)),
      provedAtS: Math.min(provedAtS, entry.provedAtS),
    });
  }
  return Array.from(parts.values());
}

function sumValues(counts: Map<number, number>): number {
  return Array.from(counts.values()).reduce((sum, count) => sum + count, 0);
}
