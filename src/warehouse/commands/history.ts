import { alignColumns } from '../../cli/table.ts';
import type { WorkingCopy } from '../bucket/pull.ts';
import { push, removeFromBucket } from '../bucket/push.ts';
import { listFiles, readManifests, removeManifest, removeUnreferenced } from '../parquet/folder.ts';
import { formatSize } from '../../cli/format-size.ts';
import { EXPORTED_TABLES, type Manifest } from '../parquet/manifest.ts';
import type { ParquetStore } from '../parquet/store.ts';
import { lockFolder } from '../run/lock.ts';

/** The Parquet files of all runs, and the commands' output. */
export interface HistoryContext {
  /** The folder of the warehouse's data. */
  folder: string;
  store: ParquetStore;
  /** Null without a bucket. */
  copy: WorkingCopy | null;
  print: (line: string) => void;
  signal: AbortSignal;
}

/** Prints the runs that have Parquet files, the newest first. */
export async function printHistory(context: HistoryContext): Promise<void> {
  await withHistory(context, async (manifests) => {
    if (manifests.length === 0)
      return context.print('There are no Parquet files yet. Each run writes some.');
    for (const line of formatHistory(manifests)) context.print(line);
  });
}

/**
 * Prints and deletes the manifests that are not among the newest `keep`, and the files that no remaining manifest names,
 * in the folder and in the bucket.
 * @param keep 1 or more
 */
export async function pruneHistory(context: HistoryContext, keep: number): Promise<void> {
  await withHistory(context, async (manifests) => {
    const { folder } = context.store;
    const remaining = manifests.slice(0, keep);
    const old = manifests.slice(keep);
    if (old.length === 0)
      return context.print(`There is no run to delete beyond the newest ${keep}.`);
    context.print('Deleting the Parquet files of these runs that no newer run has:');
    for (const line of formatHistory(old)) context.print(line);
    const runs = old.map(({ run }) => run);
    // The newest run may not be in the bucket yet, which must never be without a manifest.
    if (context.copy) await push(context.copy, context.signal);
    if (context.copy) await removeFromBucket(context.copy, runs, remaining);
    for (const run of runs) await removeManifest(folder, run);
    const files = await removeUnreferenced(folder, remaining);
    context.print(`Deleted ${runs.length} of ${manifests.length} runs, and ${files} files here.`);
  });
}

/** Locks the folder, fetches the manifests of the bucket, and calls `work` with all manifests, the newest first. */
export async function withHistory(
  { folder, store }: HistoryContext,
  work: (manifests: Manifest[]) => Promise<void>,
): Promise<void> {
  const lock = await lockFolder(folder);
  try {
    await store.open();
    await work(await readManifests(store.folder));
  } finally {
    lock.release();
  }
}

function formatHistory(manifests: Manifest[]): string[] {
  const rows = manifests.map((manifest) => [
    manifest.asOf.slice(0, 16).replace('T', ' '),
    manifest.run,
    ...EXPORTED_TABLES.map((table) => manifest.tables[table].rows.toLocaleString('en')),
    formatSize(listFiles(manifest).reduce((sum, { bytes }) => sum + bytes, 0)),
  ]);
  return alignColumns([['TIME (UTC)', 'RUN', 'USERS', 'MESSAGES', 'FOLLOWS', 'SIZE'], ...rows]);
}
