import { rename, rm } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Manifest } from '../parquet/manifest.ts';
import { createViews } from '../parquet/views.ts';

/**
 * Writes a DuckDB database with the views `user`, `message` and `follower` of a run, for other programs. The views have
 * absolute paths, and the data stays in the Parquet files. Programs that have opened an earlier file are not disturbed.
 * @param parquet the folder of the Parquet files
 */
export async function writeDatabaseFile(
  path: string,
  parquet: string,
  manifest: Manifest,
): Promise<void> {
  const unfinished = `${path}.new`;
  await rm(unfinished, { force: true });
  const instance = await DuckDBInstance.create(unfinished);
  const connection = await instance.connect();
  try {
    await createViews(connection, parquet, manifest);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  await rename(unfinished, path);
}
