import { resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { CopyResult } from '../copy/copy-database.ts';
import { interruptible } from '../duckdb/interruptible.ts';
import { restrictToFiles } from '../duckdb/restrict-to-files.ts';
import { withDuckdb } from '../duckdb/with-duckdb.ts';
import { temporaryFolder } from '../parquet/folder.ts';
import { findPrevious } from '../parquet/history.ts';
import { EXPORTED_TABLES, type Manifest } from '../parquet/manifest.ts';
import type { ParquetStore } from '../parquet/store.ts';
import { createViews } from '../parquet/views.ts';
import { analyse } from '../report/analyse.ts';
import type { Report } from '../report/report.ts';
import type { OwnStatistic } from '../statistics/own-statistics.ts';

/** A copy that was exported as Parquet files. */
export interface ExportedCopy {
  /** The id of the run. */
  run: string;
  copy: CopyResult;
  store: ParquetStore;
  /** The files of the copy, which are in the folder of the store. */
  tables: Manifest['tables'];
  /** The manifests of the earlier runs, the newest first. */
  manifests: Manifest[];
  /** The operator's own statistics. */
  own: OwnStatistic[];
  /** Interrupts the statistics. */
  signal: AbortSignal;
}

const NO_ROWS = { rows: 0, files: [] };

/**
 * Computes the statistics of an exported copy, and compares them with the newest earlier run of other data. DuckDB can
 * read only the files of the two.
 * @throws the signal's reason
 */
export async function analyseExport(exported: ExportedCopy): Promise<Report> {
  const { run, copy, store, tables, manifests, own, signal } = exported;
  const before = await ensureFollows(store, findPrevious(manifests, tables));
  // The statistics read only the follows of the earlier run.
  const earlier = { user: NO_ROWS, message: NO_ROWS, follower: before?.tables.follower ?? NO_ROWS };
  return withDuckdb(temporaryFolder(store.folder), async (duckdb) => {
    await createViews(duckdb, store.folder, { tables });
    if (before) await createViews(duckdb, store.folder, { tables: earlier }, 'before');
    await restrictToTables(duckdb, store.folder, [tables, earlier]);
    const subject = { run, copy, before, history: manifests.toReversed(), own, signal };
    return interruptible(duckdb, signal, () => analyse(duckdb, subject));
  });
}

/** Returns a manifest, or null if a file with its follows is lost. The report then has no comparison. */
async function ensureFollows(
  store: ParquetStore,
  manifest: Manifest | null,
): Promise<Manifest | null> {
  for (const file of manifest?.tables.follower.files ?? []) {
    if (!(await store.ensureFile(file))) return null;
  }
  return manifest;
}

async function restrictToTables(
  duckdb: DuckDBConnection,
  folder: string,
  readable: Manifest['tables'][],
): Promise<void> {
  const files = readable.flatMap((tables) =>
    EXPORTED_TABLES.flatMap((table) => tables[table].files),
  );
  await restrictToFiles(
    duckdb,
    files.map(({ path }) => resolve(folder, path)),
  );
}
