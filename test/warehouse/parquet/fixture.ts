import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { createRunId } from '../../../src/cli/run-id.ts';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import type { CopyResult } from '../../../src/warehouse/copy/copy-database.ts';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';
import { exportCopy, type ExportedFiles } from '../../../src/warehouse/parquet/export-copy.ts';
import { readManifests, writeManifest } from '../../../src/warehouse/parquet/folder.ts';
import type { Manifest } from '../../../src/warehouse/parquet/manifest.ts';
import { createLocalStore, type ParquetStore } from '../../../src/warehouse/parquet/store.ts';
import { createViews } from '../../../src/warehouse/parquet/views.ts';

/** A folder of Parquet files that is empty at the start of each test. */
export interface ParquetFolder {
  path: string;
  store: ParquetStore;
}

/** Creates an empty folder of Parquet files for each test. */
export function useParquetFolder(): ParquetFolder {
  const folder = { path: '' } as ParquetFolder;
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'minitwit-parquet-'));
    folder.store = createLocalStore(folder.path);
  });
  afterEach(() => rm(folder.path, { recursive: true }));
  return folder;
}

let runs = 0;

/** Exports a copy, and writes the manifest of a run that is later than those before. */
export async function exportRun(
  { store }: ParquetFolder,
  warehouse: DatabaseConfig,
  copy: CopyResult,
): Promise<{ manifest: Manifest; exported: ExportedFiles }> {
  await store.open();
  const manifests = await readManifests(store.folder);
  const { signal } = new AbortController();
  const exported = await exportCopy(warehouse, {
    store,
    tables: copy.tables,
    manifests,
    onProgress: () => undefined,
    signal,
  });
  runs += 1;
  const manifest: Manifest = {
    format: 1,
    run: createRunId(new Date(Date.UTC(2026, 10, 23, 0, 0, runs))),
    program: '1.11.0',
    asOf: new Date(copy.asOfS * 1000).toISOString(),
    tables: exported.tables,
    figures: { users: exported.tables.user.rows },
  };
  await writeManifest(store.folder, manifest);
  return { manifest, exported };
}

/** Returns the rows of a query on the files of a manifest. Numbers are digits. */
export function queryFiles(folder: string, manifest: Manifest, sql: string): Promise<unknown[]> {
  return withDuckdb(folder, async (duckdb) => {
    await createViews(duckdb, folder, manifest);
    return (await duckdb.runAndReadAll(sql)).getRowsJson();
  });
}

/** Lists the Parquet files in a folder, relative to it. */
export async function listParquet(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.filter((path) => path.endsWith('.parquet')).toSorted();
}
