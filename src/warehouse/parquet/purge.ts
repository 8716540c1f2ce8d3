import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { OperatorError } from '../../errors/operator-error.ts';
import { columnsOf } from './columns.ts';
import {
  EXPORTED_TABLES,
  type ExportedTable,
  type Manifest,
  type ParquetFile,
} from './manifest.ts';
import type { ParquetStore } from './store.ts';
import { readFiles } from './views.ts';
import { writeParquetFile } from './write-file.ts';

/** The options of a purge. */
export interface PurgeOptions {
  store: ParquetStore;
  /** The manifests of all runs, the newest first. */
  manifests: Manifest[];
  signal: AbortSignal;
}

/**
 * Removes the rows of users and messages that the newest run does not have from the files of the earlier runs. The new
 * files are written beside the old ones. The manifests are not written.
 * @param duckdb with one thread
 * @returns the manifests that change, with their new files
 * @throws OperatorError if a file is missing; the signal's reason
 */
export async function purgeFiles(
  duckdb: DuckDBConnection,
  { store, manifests, signal }: PurgeOptions,
): Promise<Manifest[]> {
  const [newest, ...earlier] = manifests;
  if (!newest) return [];
  for (const file of newest.tables.user.files) await fetchFile(store, newest, file);
  // Runs share most of their files.
  const purged = new Map<string, ParquetFile | null>();
  const changed: Manifest[] = [];
  for (const manifest of earlier) {
    const tables = { ...manifest.tables };
    for (const table of EXPORTED_TABLES) {
      const files: ParquetFile[] = [];
      for (const file of manifest.tables[table].files) {
        signal.throwIfAborted();
        if (!purged.has(file.path)) {
          await fetchFile(store, manifest, file);
          purged.set(file.path, await purgeFile(duckdb, store, newest, table, file));
        }
        const result = purged.get(file.path);
        if (result) files.push(result);
      }
      tables[table] = { rows: files.reduce((sum, { rows }) => sum + rows, 0), files };
    }
    if (countRows(tables) < countRows(manifest.tables)) changed.push({ ...manifest, tables });
  }
  return changed;
}

/** Returns the file without the deleted rows, the same file if it has none of them, or null if it has no other row. */
async function purgeFile(
  duckdb: DuckDBConnection,
  store: ParquetStore,
  newest: Manifest,
  table: ExportedTable,
  file: ParquetFile,
): Promise<ParquetFile | null> {
  const current = newest.tables[table].files.find(({ part }) => part === file.part);
  if (current?.path === file.path) return file;
  // The follows of a part can all have ended, although its users are still there.
  const others = table === 'follower' ? newest.tables.user.files : current ? [current] : [];
  if (others.length === 0) return null;
  for (const other of others) await fetchFile(store, newest, other);
  const rows = readFiles(table, [join(store.folder, file.path)]);
  const paths = others.map(({ path }) => join(store.folder, path));
  const query = selectRemaining(table, rows, paths);
  const reader = await duckdb.runAndReadAll(`select count(*) from (${query})`);
  const count = Number(reader.getRows()[0]?.[0]);
  if (count === file.rows) return file;
  if (count === 0) return null;
  const content = {
    table,
    part: file.part,
    query,
    rowCharacters: await measureTexts(duckdb, table, rows),
  };
  return { ...file, ...(await writeParquetFile(duckdb, store.folder, content)) };
}

/**
 * Returns a query for the remaining rows of a part, in the order of the key: users and messages that are in the newest
 * run, and follows between users who are.
 * @param paths the files of the newest run: of the same part, or of all users for follows
 */
function selectRemaining(table: ExportedTable, rows: string, paths: string[]): string {
  if (table === 'user') {
    return `select * from (${rows}) semi join (${readFiles(table, paths)}) using (user_id) order by user_id`;
  }
  if (table === 'message') {
    // To sort all texts would need more memory than DuckDB has. With one thread, the join preserves the file's order.
    return `select * from (${rows}) semi join (${readFiles(table, paths)}) using (message_id, author_id)`;
  }
  const users = `select user_id from (${readFiles('user', paths)})`;
  return `select * from (${rows}) where who_id in (${users}) and whom_id in (${users}) order by who_id, whom_id`;
}

/** Returns the average number of characters in the texts of a row. */
async function measureTexts(
  duckdb: DuckDBConnection,
  table: ExportedTable,
  rows: string,
): Promise<number> {
  const text = columnsOf(table).find((column) => column === 'text' || column === 'username');
  if (text === undefined) return 0;
  const reader = await duckdb.runAndReadAll(`select avg(length(${text})) from (${rows})`);
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

async function fetchFile(store: ParquetStore, { run }: Manifest, file: ParquetFile): Promise<void> {
  if (await store.ensureFile(file)) return;
  throw new OperatorError(
    `The file ${file.path} of the run ${run} is missing or damaged. To delete earlier runs, use: npm run warehouse -- history prune --keep 1`,
  );
}

function countRows(tables: Manifest['tables']): number {
  return EXPORTED_TABLES.reduce((sum, table) => sum + tables[table].rows, 0);
}
