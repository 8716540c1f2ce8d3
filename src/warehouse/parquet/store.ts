import { hasFile, prepareFolder } from './folder.ts';
import type { ParquetFile } from './manifest.ts';

/** The Parquet files and manifests of a run, and of the runs before it. */
export interface ParquetStore {
  /** The folder of the files. */
  folder: string;
  /** Prepares the folder, so that it has the manifests of all runs. */
  open: () => Promise<void>;
  /** Returns whether the folder has a file, after fetching it if that is possible. */
  ensureFile: (file: ParquetFile) => Promise<boolean>;
}

/** Creates the store of runs without a bucket. */
export function createLocalStore(folder: string): ParquetStore {
  return {
    folder,
    open: () => prepareFolder(folder),
    ensureFile: (file) => hasFile(folder, file),
  };
}
