import type { LedgerEntry } from './ledger.ts';

// Ids rise in the order in which they are given, but a transaction with a lower id may commit later.
const LAST_RANGES = 2;
const ROTATION_RUNS = 8;

/**
 * Returns the entries of the ranges whose rows a copy only counts: all except the last two, and except an eighth of the
 * others, those that were proved longest ago.
 */
export function selectTrusted(ledger: Map<number, LedgerEntry>): Map<number, LedgerEntry> {
  const entries = Array.from(ledger.values()).toSorted((a, b) => a.number - b.number);
  const old = entries.slice(0, -LAST_RANGES);
  const oldestFirst = old.toSorted((a, b) => a.provedAtS - b.provedAtS || a.number - b.number);
  const trusted = oldestFirst.slice(Math.ceil(old.length / ROTATION_RUNS));
  return new Map(trusted.map((entry) => [entry.number, entry]));
}
