import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRunId } from '../../src/cli/run-id.ts';
import { copyDatabase } from '../../src/warehouse/copy/copy-database.ts';
import { exportCopy } from '../../src/warehouse/parquet/export-copy.ts';
import { createLocalStore } from '../../src/warehouse/parquet/store.ts';
import { analyseExport } from '../../src/warehouse/steps/analyse-export.ts';
import type { CopyRequest } from './copy-program.ts';

/** The program's response. */
export interface ExportResult {
  /** The duration of the export of all rows as Parquet files, and of all statistics. */
  exportSeconds: number;
  statisticsSeconds: number;
  /** The size of the Parquet files. */
  megabytes: number;
  /** The largest resident set size, that of the copy before included. */
  peakMb: number;
}

// Works in a separate process, so that its memory is only that of a run.
const [{ source, warehouse, proveAll }] = (await once(process, 'message')) as [CopyRequest];
const { signal } = new AbortController();
const copy = await copyDatabase(source, warehouse, {
  withCredentials: false,
  maxRowsPerSecond: null,
  proveAll,
  onProgress: () => undefined,
  signal,
});
const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-parquet-'));
try {
  const store = createLocalStore(folder);
  await store.open();
  const startedAtMs = performance.now();
  const files = await exportCopy(warehouse, {
    store,
    tables: copy.tables,
    manifests: [],
    onProgress: () => undefined,
    signal,
  });
  const exportedAtMs = performance.now();
  const run = createRunId(new Date());
  await analyseExport({ run, copy, store, tables: files.tables, manifests: [], own: [], signal });
  const outcome: ExportResult = {
    exportSeconds: (exportedAtMs - startedAtMs) / 1000,
    statisticsSeconds: (performance.now() - exportedAtMs) / 1000,
    megabytes: files.bytes / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
  process.send?.(outcome);
} finally {
  await rm(folder, { recursive: true });
}
process.disconnect();
