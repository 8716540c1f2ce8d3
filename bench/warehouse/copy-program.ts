import { once } from 'node:events';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { copyDatabase } from '../../src/warehouse/copy/copy-database.ts';

/** The one message that the program receives. */
export interface CopyRequest {
  source: DatabaseConfig;
  warehouse: DatabaseConfig;
  proveAll: boolean;
}

/** The program's response. */
export interface CopyResult {
  seconds: number;
  /** The number of rows of all tables, including those that were sent. */
  rows: number;
  /** The number of rows whose checksums were compared. */
  proved: number;
  sent: number;
  /** The largest resident set size. */
  peakMb: number;
}

// Copies in a separate process, so that its memory is only the copy's.
const [{ source, warehouse, proveAll }] = (await once(process, 'message')) as [CopyRequest];
const startedAtMs = performance.now();
const { tables } = await copyDatabase(source, warehouse, {
  withCredentials: false,
  maxRowsPerSecond: null,
  proveAll,
  onProgress: () => undefined,
  signal: new AbortController().signal,
});
const outcome: CopyResult = {
  seconds: (performance.now() - startedAtMs) / 1000,
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  proved: tables.reduce((sum, { proved }) => sum + proved, 0),
  sent: tables.reduce((sum, { sent }) => sum + sent, 0),
  peakMb: process.resourceUsage().maxRSS / 1024,
};
process.send?.(outcome, () => process.exit());
