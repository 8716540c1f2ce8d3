import type { Progress } from '../../cli/progress-bar.ts';
import { addUpRanges, type CopiedTable, type RangeOutcome } from './copied-table.ts';
import { type ComparedRange, copyRange, type RangeCopyOptions } from './copy-range.ts';
import type { CopyEndpoint } from './endpoint.ts';
import { ALL_KEYS, type Keys, keysOfRange } from './keys.ts';
import { type LedgerEntry, readLedger, writeLedger } from './ledger.ts';
import { findNextRange, NO_ROWS, readStates } from './range-states.ts';
import { shareWork } from './share-work.ts';
import { createTableProgress, type TableProgress } from './table-progress.ts';
import type { Table } from './tables.ts';
import type { Throttle } from './throttle.ts';
import { selectTrusted } from './trusted-ranges.ts';
import { readKeys, verifyTable } from './verify-table.ts';

// A window has so many ranges. It is compared, its different ranges are copied, and its proofs are recorded.
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
    await readKeys(options.source, table),
    options.onProgress,
  );
  const trusted = options.proveAll || table.isVolatile ? new Map() : selectTrusted(ledger);
  const ranges = listConnections(options, table).map((side) =>
    createRangeCopy(options, table, side, progress.addSent),
  ) as TableCopy['ranges'];
  const copy: TableCopy = { options, ranges, trusted, progress };
  const outcomes: RangeOutcome[] = [];
  for await (const window of listWindows(copy)) outcomes.push(...(await copyWindow(copy, window)));
  await deleteOtherEntries(warehouse, table, ledger, outcomes);
  progress.end();
  const copied = addUpRanges(table, outcomes);
  await verifyTable(options.source, warehouse, table, copied);
  return copied;
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
  return {
    table,
    source,
    warehouse,
    withCredentials,
    maxRowsPerSecond,
    throttle,
    asOfS,
    onSent,
    theirs: { side: source, table, withCredentials, maxRowsPerSecond, afterRead: throttle },
    ours: {
      side: warehouse,
      table,
      withCredentials: true,
      maxRowsPerSecond: null,
      afterRead: async () => undefined,
    },
  };
}

/** Generates the windows with rows on either side, in ascending order. */
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

/** Reads the ranges with rows on either side. */
async function readWindow(
  { ranges: [{ theirs, ours }], trusted }: TableCopy,
  window: Keys,
): Promise<ComparedRange[]> {
  const isCounted = (number: number) => trusted.has(number);
  const [theirStates, ourStates] = await Promise.all([
    readStates(theirs, window, isCounted),
    readStates(ours, window, isCounted),
  ]);
  return Array.from(new Set([...theirStates.keys(), ...ourStates.keys()]), (number) => ({
    number,
    theirs: theirStates.get(number) ?? NO_ROWS,
    ours: ourStates.get(number) ?? NO_ROWS,
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

/** Copies ranges: those that the warehouse has, and then the new ones, one at a time on each connection. */
async function copyRanges(
  { ranges, progress }: TableCopy,
  compared: ComparedRange[],
): Promise<RangeOutcome[]> {
  const outcomes: RangeOutcome[] = [];
  const copyNext = async (options: RangeCopyOptions, range: ComparedRange) => {
    const outcome = await copyRange(options, range);
    outcomes.push(outcome);
    progress.addEqual(outcome.entry.rows);
  };
  const [first] = ranges;
  const isNew = ({ ours }: ComparedRange) => ours.total === 0;
  // Rows that one connection deletes can be locked for the other one. The old ranges are first: after an interruption,
  // no newer range is in the ledger.
  const changed = compared.filter((range) => !isNew(range));
  await shareWork(changed, [first], copyNext);
  await shareWork(compared.filter(isNew), ranges, copyNext);
  return outcomes;
}

/** Deletes the ledger's entries of ranges that have no rows on either side. */
async function deleteOtherEntries(
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

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
