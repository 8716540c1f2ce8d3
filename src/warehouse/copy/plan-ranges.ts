import type { LedgerEntry } from './ledger.ts';
import type { Table } from './tables.ts';

// Ids rise in the order in which they are given, but a transaction with a lower id may commit later.
const LAST_RANGES = 2;
const ROTATION_RUNS = 8;

/** A range, and what a copy does with it. */
export interface PlannedRange {
  number: number;
  /** The number of rows of the source. */
  rows: number;
  /**
   * - `append`: the warehouse has no row of the range
   * - `compare`: the checksums are compared, and rows that differ are copied
   * - `trust`: the numbers of rows are equal, and the checksums were equal at the time of the ledger's entry
   */
  work: 'append' | 'compare' | 'trust';
  /** The ledger's entry, or null without one. */
  entry: LedgerEntry | null;
}

/** The state of a table's ranges, by the numbers of the ranges. */
export interface RangeCounts {
  /** The number of rows of the source and of the warehouse. Ranges without rows are missing. */
  theirs: Map<number, number>;
  ours: Map<number, number>;
  ledger: Map<number, LedgerEntry>;
}

/**
 * Returns all ranges with rows, or with an entry in the ledger, in ascending order. Ranges are compared if their number
 * of rows differs from the other side's or from the ledger's. Of the others, the last two of the ledger are compared,
 * and an eighth of the rest: those that were proved longest ago.
 */
export function planRanges(
  { theirs, ours, ledger }: RangeCounts,
  { isVolatile }: Pick<Table, 'isVolatile'>,
  proveAll: boolean,
): PlannedRange[] {
  const numbers = new Set([...theirs.keys(), ...ours.keys(), ...ledger.keys()]);
  const unchanged = Array.from(ledger.values()).filter(
    ({ number, rows }) => theirs.get(number) === rows && ours.get(number) === rows,
  );
  const trusted =
    isVolatile || proveAll ? new Set<LedgerEntry>() : selectTrusted(unchanged, ledger);
  return Array.from(numbers)
    .toSorted((a, b) => a - b)
    .map((number) => {
      const entry = ledger.get(number) ?? null;
      const rows = theirs.get(number) ?? 0;
      if (entry !== null && trusted.has(entry)) return { number, rows, work: 'trust', entry };
      return { number, rows, work: ours.has(number) ? 'compare' : 'append', entry };
    });
}

function selectTrusted(
  unchanged: LedgerEntry[],
  ledger: Map<number, LedgerEntry>,
): Set<LedgerEntry> {
  const watermark = Array.from(ledger.keys()).toSorted((a, b) => b - a)[LAST_RANGES - 1];
  const old = unchanged.filter(({ number }) => watermark !== undefined && number < watermark);
  const oldestFirst = old.toSorted((a, b) => a.provedAtS - b.provedAtS || a.number - b.number);
  return new Set(oldestFirst.slice(Math.ceil(old.length / ROTATION_RUNS)));
}
