import type { LedgerEntry } from './ledger.ts';
import type { Table } from './tables.ts';

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

/** The result of the copy of a range. */
export interface RangeOutcome {
  /** The rows of the range on both sides. */
  entry: LedgerEntry;
  sent: number;
  deleted: number;
  /** Whether the checksums were compared in this copy. */
  isProved: boolean;
  /** Whether the ledger has the entry. */
  isRecorded: boolean;
}

/** Adds up the ranges of a table, in ascending order. */
export function addUpRanges(table: Table, outcomes: RangeOutcome[]): CopiedTable {
  const add = (of: (outcome: RangeOutcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + of(outcome), 0);
  const entries = outcomes.map(({ entry }) => entry);
  const [whole] = groupParts(entries, () => 0);
  return {
    table: table.name,
    rows: add(({ entry }) => entry.rows),
    proved: add(({ entry, isProved }) => (isProved ? entry.rows : 0)),
    checksum: whole?.checksum ?? '0',
    sent: add(({ sent }) => sent),
    deleted: add(({ deleted }) => deleted),
    parts: groupParts(entries, ({ number }) =>
      Math.floor((number * table.rangeWidth) / table.partWidth),
    ),
  };
}

const EMPTY_PART = { rows: 0, checksum: '0', provedAtS: Infinity };

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
