import type { Progress } from '../../cli/progress-bar.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { shareWork } from './share-work.ts';
import { addUpRanges, type CopiedTable, type RangeOutcome } from './copied-table.ts';
import { type ComparedRange, copyRange, type RangeCopyOptions } from './copy-range.ts';
import type { CopyEndpoint } from './endpoint.ts';
import { ALL_KEYS, type Keys, keysOfRange } from './keys.ts';
import { type LedgerEntry, readLedger, writeLedger } from './ledger.ts';
import { readBounds, readExtent } from './queries.ts';
import { findNextRange, NO_ROWS, readStates } from './range-states.ts';
import { releaseTables } from './snapshot.ts';
import { createTableProgress, type TableProgress } from './table-progress.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';
import { selectTrusted } from './trusted-ranges.ts';

// So many ranges are compared before those of them that differ are copied, and proofs are recorded as often.
const WINDOW_RANGES = 64;

/** The options of the copy of a table. The source is in a transaction with a consistent snapshot. */
export interface TableCopyOptions {
  source: CopyEndpoint;
  /** Connections to the warehouse. With one, the warehouse would be idle during each round trip. */
  warehouses: [CopyEndpoint, ...CopyEndpoint[]];
  withCredentials: boolean;
  /** The most rows a second that are read from the source. Null for no limit. */
  maxRowsPerSecond: number | null;
  throttle: Throttle;
  /** The source's time at the snapshot, in seconds since 1970. */
  asOfS: number;
  /** Whether the checksums of all ranges are compared. */
  proveAll: boolean;
  /** Called with the rows that are equal on both sides. */
  onProgress: (progress: Progress) => void;
}

/** The copy of a table: the options of its ranges, for each connection to the warehouse. */
interface TableCopy {
  options: TableCopyOptions;
  ranges: [RangeCopyOptions, ...RangeCopyOptions[]];
  /** The ranges whose rows are only counted, by their numbers. */
  trusted: Map<number, LedgerEntry>;
  progress: TableProgress;
}

/**
 * Copies a table range by range of its key. Most ranges are compared by a checksum, and the trusted ones by the number of
 * their rows. The rows that differ are sent, and their range is compared again before its commit, so an interruption
 * leaves no range half copied, and the next copy continues.
 * @throws OperatorError if a database fails, or if the table differs afterwards
 */
export async function copyTable(options: TableCopyOptions, table: Table): Promise<CopiedTable> {
  const [warehouse] = options.warehouses;
  const ledger = await readLedger(warehouse, table);
  const progress = createTableProgress(
    table.name,
    await readKeys(options, table),
    options.onProgress,
  );
  const trusted = options.proveAll || table.isVolatile ? new Map() : selectTrusted(ledger);
  const ranges = listConnections(options, table).map((side) =>
    createRangeCopy(options, table, side, progress.addSent),
  ) as TableCopy['ranges'];
  const copy: TableCopy = { options, ranges, trusted, progress };
  const outcomes: RangeOutcome[] = [];
  for await (const window of listWindows(copy)) outcomes.push(...(await copyWindow(copy, window)));
  await forgetOthers(warehouse, table, ledger, outcomes);
  progress.end();
  const copied = addUpRanges(table, outcomes);
  await verifyTable(options, table, copied);
  return copied;
}

async function readKeys({ source }: TableCopyOptions, table: Table): Promise<Keys | null> {
  const [bounds] = await source.read<{ first: string | null; last: string }>(readBounds(table));
  if (!bounds || bounds.first === null) return null;
  return { from: BigInt(bounds.first), last: BigInt(bounds.last) };
}

/** Returns the connections that copy ranges at the same time. */
function listConnections({ warehouses }: TableCopyOptions, table: Table): CopyEndpoint[] {
  return table.unique === undefined ? warehouses : [warehouses[0]];
}

function createRangeCopy(
  options: TableCopyOptions,
  table: Table,
  warehouse: CopyEndpoint,
  onSent: (rows: number) => void,
): RangeCopyOptions {
  const { source, withCredentials, maxRowsPerSecond, throttle, asOfS } = options;
  const afterRead = async (rows: number) => {
    await releaseTables(source);
    await throttle(rows);
  };
  return {
    table,
    source,
    warehouse,
    withCredentials,
    maxRowsPerSecond,
    throttle,
    asOfS,
    onSent,
    theirs: { side: source, table, withCredentials, maxRowsPerSecond, afterRead },
    ours: {
      side: warehouse,
      table,
      withCredentials: true,
      maxRowsPerSecond: null,
      afterRead: async () => undefined,
    },
  };
}

/** Generates windows of the keys: at most so many ranges, from one with rows on any side. */
async function* listWindows({
  ranges: [{ theirs, ours, table }],
  options,
}: TableCopy): AsyncGenerator<Keys> {
  // With a limit, each range may take minutes.
  const width = options.maxRowsPerSecond === null ? WINDOW_RANGES : 1;
  for (let from = ALL_KEYS.from; from <= ALL_KEYS.last;) {
    const next = await Promise.all([theirs, ours].map((reader) => findNextRange(reader, from)));
    const numbers = next.filter((number) => number !== null);
    if (numbers.length === 0) return;
    const first = Math.min(...numbers);
    const window = {
      from: keysOfRange(table, first).from,
      last: keysOfRange(table, first + width - 1).last,
    };
    yield window;
    from = window.last + 1n;
  }
}

/** Compares the ranges of a window, and copies those that differ. Returns the outcomes in ascending order. */
async function copyWindow(copy: TableCopy, window: Keys): Promise<RangeOutcome[]> {
  const { ranges, progress } = copy;
  const compared = await readWindow(copy, window);
  progress.enter(window, sum(compared.map(({ theirs }) => theirs.total)));
  const known = compared.map((range) => findOutcome(copy, range)).filter((it) => it !== null);
  progress.addEqual(sum(known.map(({ entry }) => entry.rows)));
  const numbers = new Set(known.map(({ entry }) => entry.number));
  const different = compared.filter(({ number }) => !numbers.has(number));
  const outcomes = [...known, ...(await copyRanges(copy, different))];
  const proofs = outcomes.filter(({ isRecorded }) => !isRecorded).map(({ entry }) => entry);
  await writeLedger(ranges[0].warehouse, ranges[0].table, proofs);
  return outcomes.toSorted((a, b) => a.entry.number - b.entry.number);
}

/** Reads the ranges with rows on any side. */
async function readWindow(
  { ranges: [{ theirs, ours }], trusted }: TableCopy,
  window: Keys,
): Promise<ComparedRange[]> {
  const isCounted = (number: number) => trusted.has(number);
  const [there, here] = await Promise.all([
    readStates(theirs, window, isCounted),
    readStates(ours, window, isCounted),
  ]);
  return Array.from(new Set([...there.keys(), ...here.keys()]), (number) => ({
    number,
    theirs: there.get(number) ?? NO_ROWS,
    ours: here.get(number) ?? NO_ROWS,
  }));
}

/** Returns the outcome of a range that needs no copy, or null. */
function findOutcome(
  { trusted, options }: TableCopy,
  { number, theirs, ours }: ComparedRange,
): RangeOutcome | null {
  if (theirs.total !== ours.total) return null;
  const unchanged = { sent: 0, deleted: 0 };
  const { total: rows, checksum } = theirs;
  if (checksum === null) {
    const entry = trusted.get(number);
    if (entry?.rows !== rows) return null;
    return { entry, ...unchanged, isProved: false, isRecorded: true };
  }
  if (checksum !== ours.checksum) return null;
  const entry = { number, rows, checksum, provedAtS: options.asOfS };
  return { entry, ...unchanged, isProved: true, isRecorded: false };
}

/** Copies ranges, one at a time on each connection to the warehouse. */
async function copyRanges(
  { ranges, progress }: TableCopy,
  compared: ComparedRange[],
): Promise<RangeOutcome[]> {
  const outcomes: RangeOutcome[] = [];
  await shareWork(compared, ranges, async (options, range) => {
    const outcome = await copyRange(options, range);
    outcomes.push(outcome);
    progress.addEqual(outcome.entry.rows);
  });
  return outcomes;
}

/** Deletes the ledger's entries of ranges that have no rows on any side. */
async function forgetOthers(
  warehouse: CopyEndpoint,
  table: Table,
  ledger: Map<number, LedgerEntry>,
  outcomes: RangeOutcome[],
): Promise<void> {
  const numbers = new Set(outcomes.map(({ entry }) => entry.number));
  const gone = Array.from(ledger.values()).filter(({ number }) => !numbers.has(number));
  await writeLedger(
    warehouse,
    table,
    gone.map((entry) => ({ ...entry, rows: 0 })),
  );
}

/**
 * Compares the number of rows, the least and the greatest key of the whole tables. The rows of the source, whose snapshot
 * cannot change, are not counted again, and those of the warehouse are only if the copy has changed any.
 * @throws OperatorError if they differ
 */
async function verifyTable(
  { source, warehouses: [warehouse] }: TableCopyOptions,
  table: Table,
  { rows, sent, deleted }: CopiedTable,
): Promise<void> {
  type Extent = { total?: number; first: string | null; last: string | null };
  const isChanged = sent + deleted > 0;
  const [[theirs], [ours]] = await Promise.all([
    source.read<Extent>(readBounds(table)),
    warehouse.read<Extent>(isChanged ? readExtent(table) : readBounds(table)),
  ]);
  await releaseTables(source);
  const format = (extent: Extent | undefined) =>
    `${extent?.total ?? rows} rows with ${table.key[0]} ${extent?.first} to ${extent?.last}`;
  const [there, here] = [format(theirs), format(ours)];
  if (there === here) return;
  throw new OperatorError(
    `The table ${table.name} differs after the copy: MiniTwit's database has ${there}, and the warehouse ${here}. Run the copy again, with --prove-all. If it fails again, compare the definitions of the two tables.`,
  );
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
