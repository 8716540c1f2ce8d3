import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import type { CopiedTable } from '../copy/copied-table.ts';
import type { Progress } from '../../cli/progress-bar.ts';
import { createCopyEndpoint } from '../copy/endpoint.ts';
import { withDuckdb } from '../duckdb/with-duckdb.ts';
import { exportTables } from './export-tables.ts';
import { removeUnreferenced, temporaryFolder } from './folder.ts';
import type { Manifest } from './manifest.ts';
import type { ParquetStore } from './store.ts';

const WAIT_MAX_MS = 60_000;

/** The written files of an export. */
export interface ExportedFiles {
  tables: Manifest['tables'];
  /** The number and the size of the files that were written. The others are those of the previous run. */
  written: number;
  bytes: number;
}

/** The options of the export of a copy. */
export interface CopyExportOptions {
  store: ParquetStore;
  /** The verified tables of the copy. */
  tables: CopiedTable[];
  /** The manifests of the runs before, the newest first. */
  manifests: Manifest[];
  /** Called after each part, with the rows of the table that are exported. */
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/**
 * Exports the changed parts of a copy to the folder of a store. Deletes files of interrupted runs before.
 * @throws OperatorError if a database fails, or if the copy has changed; the signal's reason
 */
export async function exportCopy(
  warehouse: DatabaseConfig,
  { store, tables, manifests, onProgress, signal }: CopyExportOptions,
): Promise<ExportedFiles> {
  const { folder, ensureFile } = store;
  await removeUnreferenced(folder, manifests);
  return withConnection(warehouse, { waitMaxMs: WAIT_MAX_MS, signal }, (connection) =>
    withDuckdb(temporaryFolder(folder), async (duckdb) => {
      const files = { written: 0, bytes: 0 };
      const exported = await exportTables({
        warehouse: createCopyEndpoint('The warehouse', connection),
        duckdb,
        folder,
        tables,
        previous: manifests[0] ?? null,
        ensureFile,
        onWritten: ({ bytes }) => {
          files.written += 1;
          files.bytes += bytes;
        },
        onProgress,
        signal,
      });
      return { tables: exported, ...files };
    }),
  );
}
