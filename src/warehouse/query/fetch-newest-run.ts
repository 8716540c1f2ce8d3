import { OperatorError } from '../../errors/operator-error.ts';
import { hasFile, listFiles } from '../parquet/folder.ts';
import type { ParquetFile } from '../parquet/manifest.ts';
import type { ParquetStore } from '../parquet/store.ts';
import { lockFolder } from '../run/lock.ts';
import { findNewestManifest } from './with-newest-run.ts';

/**
 * Fetches the manifest of the newest run from a bucket, and the files of it that are missing here.
 * @param folder the folder of the warehouse's data, which is locked meanwhile
 * @throws OperatorError when another command runs, when there was no run, or when the bucket lacks a file
 */
export async function fetchNewestRun(
  folder: string,
  store: ParquetStore,
  print: (line: string) => void,
): Promise<void> {
  const lock = await lockFolder(folder);
  lock.setDescription('fetching the newest run');
  try {
    await store.open();
    const manifest = await findNewestManifest(store.folder);
    const missing: ParquetFile[] = [];
    for (const file of listFiles(manifest)) {
      if (!(await hasFile(store.folder, file))) missing.push(file);
    }
    if (missing.length > 0)
      print(`Fetching ${missing.length} Parquet files of the run ${manifest.run} …`);
    for (const file of missing) {
      if (await store.ensureFile(file)) continue;
      throw new OperatorError(
        `The bucket does not have the file ${file.path} of the run ${manifest.run}. The next run writes it again.`,
      );
    }
  } finally {
    lock.release();
  }
}
