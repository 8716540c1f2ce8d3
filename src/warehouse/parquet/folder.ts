import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../../errors/operator-error.ts';
import { moveDurably } from './durable-files.ts';
import { EXPORTED_TABLES, type Manifest, parseManifest, type ParquetFile } from './manifest.ts';

const MANIFEST = /^(\d{8}T\d{6}Z-[0-9a-f]{4})\.json$/;

/**
 * Returns the folder of the Parquet files and manifests: those of runs without a bucket, or the working copy of a bucket.
 * @param folder the folder of the warehouse's data
 * @param bucket null without a bucket
 */
export function parquetFolder(folder: string, bucket: string | null): string {
  return bucket === null ? join(folder, 'parquet') : join(folder, 'buckets', bucket);
}

/** Lists the runs that have a manifest on this machine: those of all buckets, and those without one. */
export async function listExportedRuns(folder: string): Promise<string[]> {
  const buckets = await listFolder(join(folder, 'buckets'));
  const folders = [null, ...buckets].map((bucket) => parquetFolder(folder, bucket));
  return (await Promise.all(folders.map(listManifestRuns))).flat();
}

/** Returns the folder of unfinished files, in which nothing is retained. */
export function temporaryFolder(folder: string): string {
  return join(folder, 'tmp');
}

/**
 * Creates the folder of the Parquet files with an empty folder of unfinished files. Deletes what interrupted commands
 * left in it.
 */
export async function prepareFolder(folder: string): Promise<void> {
  const temporary = temporaryFolder(folder);
  await rm(temporary, { recursive: true, force: true });
  // The files have usernames and texts, so only the owner may read them.
  await mkdir(temporary, { recursive: true, mode: 0o700 });
}

/** Returns the path of a manifest, relative to the folder of the Parquet files. */
export function manifestPath(run: string): string {
  return `manifests/${run}.json`;
}

/** Returns the run whose manifest has a file name, or null for other files. */
export function findRunOfManifest(name: string): string | null {
  return MANIFEST.exec(name)?.[1] ?? null;
}

/** Lists the runs that have a manifest in a folder, the newest first. */
export async function listManifestRuns(folder: string): Promise<string[]> {
  const runs = (await listFolder(join(folder, 'manifests'))).flatMap(
    (name) => findRunOfManifest(name) ?? [],
  );
  // The id of a run begins with its time.
  return runs.toSorted().toReversed();
}

/**
 * Reads all manifests in a folder, the newest first.
 * @throws OperatorError if this version cannot read one of them
 */
export async function readManifests(folder: string): Promise<Manifest[]> {
  const runs = await listManifestRuns(folder);
  return Promise.all(runs.map((run) => readManifest(folder, run)));
}

async function readManifest(folder: string, run: string): Promise<Manifest> {
  const path = join(folder, manifestPath(run));
  const manifest = parseManifest(await readFile(path, 'utf8'));
  if (manifest?.run === run) return manifest;
  throw new OperatorError(
    `This version of MiniTwit cannot read ${path}. Update MiniTwit, or move the file to another folder.`,
  );
}

/** Writes a manifest atomically: after an interruption, the folder has the new manifest or the previous state. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const temporary = join(temporaryFolder(folder), `${manifest.run}.json`);
  await mkdir(dirname(temporary), { recursive: true, mode: 0o700 });
  await writeFile(temporary, formatManifest(manifest), { mode: 0o600 });
  await moveDurably(temporary, join(folder, manifestPath(manifest.run)));
}

/** Deletes the manifest of a run. Its files remain until `removeUnreferenced`. */
export async function removeManifest(folder: string, run: string): Promise<void> {
  await rm(join(folder, manifestPath(run)), { force: true });
}

/** Formats a manifest as JSON. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest)}\n`;
}

/** Lists all files of a manifest. */
export function listFiles({ tables }: Manifest): ParquetFile[] {
  return EXPORTED_TABLES.flatMap((table) => tables[table].files);
}

/** Returns whether a folder has a file of a manifest, with its size. */
export async function hasFile(folder: string, { path, bytes }: ParquetFile): Promise<boolean> {
  const found = await stat(join(folder, path)).catch(() => null);
  return found?.isFile() === true && found.size === bytes;
}

/**
 * Deletes the Parquet files that no manifest names, such as those of interrupted runs.
 * @returns the number of deleted files
 */
export async function removeUnreferenced(folder: string, manifests: Manifest[]): Promise<number> {
  const named = new Set(manifests.flatMap((manifest) => listFiles(manifest).map((it) => it.path)));
  let removed = 0;
  for (const table of EXPORTED_TABLES) {
    for (const part of await listFolder(join(folder, table))) {
      const files = await listFolder(join(folder, table, part));
      const unnamed = files.filter((name) => !named.has(`${table}/${part}/${name}`));
      for (const name of unnamed) await rm(join(folder, table, part, name), { force: true });
      if (unnamed.length === files.length) await rmdir(join(folder, table, part));
      removed += unnamed.length;
    }
  }
  return removed;
}

async function listFolder(path: string): Promise<string[]> {
  return existsSync(path) ? readdir(path) : [];
}
