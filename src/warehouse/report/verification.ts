import { formatNumber, formatTime } from './formats.ts';
import type { Report } from './report.ts';

// A table of ten years at a million rows a month has 115 parts, which few runs verified.
const RANGES_MAX = 200;

type CopiedTable = Report['tables'][number];

/** A copied table, and when its parts were last verified against MiniTwit's database. */
export interface Verification {
  /** The table's name, its rows, the copied and deleted rows of this run, and the parts that this run verified. */
  cells: string[];
  /** The table's name, the range of the parts' numbers, their rows, and when they were verified, in ascending order. */
  parts: string[][];
}

/** Returns the verification of each copied table as the cells of two tables. */
export function listVerifications({ asOf, tables }: Report): Verification[] {
  const asOfS = Date.parse(asOf) / 1000;
  return tables.map(({ table, rows, sent, deleted, parts }) => ({
    cells: [table, ...[rows, sent, deleted].map(formatNumber), formatVerified(rows, parts, asOfS)],
    parts: listRanges(parts).map((range) => [
      table,
      range.from === range.to ? `${range.from}` : `${range.from} to ${range.to}`,
      formatNumber(range.rows),
      formatTimeOfProof(range.provedAtS, asOfS),
    ]),
  }));
}

/** Returns when the part was verified that was verified longest ago, or null if this run verified all parts. */
export function findOldestVerification({ asOf, tables }: Report): string | null {
  const asOfS = Date.parse(asOf) / 1000;
  const times = tables.flatMap(({ parts }) => parts.map(({ provedAtS }) => provedAtS));
  const oldestS = Math.min(asOfS, ...times);
  return oldestS < asOfS ? formatTimeOfProof(oldestS, asOfS) : null;
}

function formatVerified(rows: number, parts: CopiedTable['parts'], asOfS: number): string {
  if (parts.length === 0) return rows === 0 ? 'no rows' : 'unknown';
  const now = parts.filter(({ provedAtS }) => provedAtS >= asOfS).length;
  if (now === parts.length) return 'all';
  return `${formatNumber(now)} of ${formatNumber(parts.length)} parts`;
}

function formatTimeOfProof(atS: number, asOfS: number): string {
  return atS >= asOfS ? 'in this run' : `${formatTime(new Date(atS * 1000).toISOString())} UTC`;
}

/** Joins consecutive parts that were verified at the same time. The last range has the rest beyond the limit. */
function listRanges(parts: CopiedTable['parts']) {
  const ranges: { from: number; to: number; rows: number; provedAtS: number }[] = [];
  for (const { part, rows, provedAtS } of parts) {
    const last = ranges.at(-1);
    const isJoined = last && (last.provedAtS === provedAtS || ranges.length === RANGES_MAX);
    if (!isJoined) {
      ranges.push({ from: part, to: part, rows, provedAtS });
      continue;
    }
    last.to = part;
    last.rows += rows;
    // A range of several times is as old as its oldest part.
    last.provedAtS = Math.min(last.provedAtS, provedAtS);
  }
  return ranges;
}
