import { resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { OperatorError } from '../../errors/operator-error.ts';
import { restrictToFiles } from '../duckdb/restrict-to-files.ts';
import { type DuckdbOptions, withDuckdb } from '../duckdb/with-duckdb.ts';
import { listFiles, readManifests } from '../parquet/folder.ts';
import type { Manifest } from '../parquet/manifest.ts';
import { createViews } from '../parquet/views.ts';

/** The newest run's data in DuckDB. */
export interface OpenRun {
  /** Has the views `user`, `message` and `follower`, and may read no other files. */
  duckdb: DuckDBConnection;
  manifest: Manifest;
}

/**
 * Finds the manifest of the newest run.
 * @param parquet the folder of the Parquet files
 * @throws OperatorError when there was no run
 */
export async function findNewestManifest(parquet: string): Promise<Manifest> {
  const [newest] = await readManifests(parquet);
  if (newest) return newest;
  throw new OperatorError(
    'The warehouse has no data yet. Fill it with: npm run warehouse -- run --local (or without --local, on AWS)',
  );
}

/**
 * Opens the newest run's data in DuckDB, and calls `work` with it.
 * @param folder the folder of the warehouse's data, for temporary files
 * @param parquet the folder of the Parquet files
 * @throws OperatorError when there was no run, or when a file is missing
 */
export async function withNewestRun<T>(
  folder: string,
  parquet: string,
  work: (run: OpenRun) => Promise<T>,
  options?: DuckdbOptions,
): Promise<T> {
  const manifest = await findNewestManifest(parquet);
  return withDuckdb(
    folder,
    async (duckdb) => {
      await createViews(duckdb, parquet, manifest);
      await restrictToFiles(
        duckdb,
        listFiles(manifest).map(({ path }) => resolve(parquet, path)),
      );
      return work({ duckdb, manifest });
    },
    options,
  );
}
