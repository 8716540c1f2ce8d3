import { once } from 'node:events';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { copyDatabase } from '../../src/warehouse/copy/copy.ts';

/** What the program is told, once. */
export interface CopyOrder {
  source: DatabaseConfig;
  warehouse: DatabaseConfig;
}

/** What it answers. */
export interface CopyOutcome {
  seconds: number;
  /** Of all tables; those that were sent are among them. */
  rows: number;
  sent: number;
  /** The most memory that it ever had. */
  peakMb: number;
}

// Copies in a process of its own, whose memory is nothing but the copy's.
const [{ source, warehouse }] = (await once(process, 'message')) as [CopyOrder];
const startedAtMs = performance.now();
const { tables } = await copyDatabase(source, warehouse, {
  withCredentials: false,
  maxRowsPerSecond: null,
  onProgress: () => undefined,
  signal: new AbortController().signal,
});
const outcome: CopyOutcome = {
  seconds: (performance.now() - startedAtMs) / 1000,
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  sent: tables.reduce((sum, { sent }) => sum + sent, 0),
  peakMb: process.resourceUsage().maxRSS / 1024,
};
process.send?.(outcome, () => process.exit());
