import { createWriteStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '../../errors/operator-error.ts';
import { hashFile, moveDurably } from '../parquet/durable-files.ts';
import {
  findRunOfManifest,
  hasFile,
  listManifestRuns,
  manifestPath,
  prepareFolder,
  removeManifest,
  temporaryFolder,
} from '../parquet/folder.ts';
import type { ParquetFile } from '../parquet/manifest.ts';
import type { ParquetStore } from '../parquet/store.ts';
import { parquetKey } from './keys.ts';
import {
  type Bucket,
  hasContent,
  listObjects,
  openObject,
  type StoredObject,
} from './s3-objects.ts';

// A manifest has some 300 bytes for each part, so this is enough for 200 billion messages.
const MANIFEST_MAX_BYTES = 64 * 1024 * 1024;

/** A bucket, and the folder that is its working copy. */
export interface WorkingCopy extends Bucket {
  folder: string;
}

/**
 * Makes the manifests of the working copy those of the bucket. A manifest that the bucket lacks is deleted, unless it is
 * newer than all in the bucket: its run could not upload it, and the next run does.
 * @throws OperatorError if the bucket cannot be read, or has a larger object than a manifest
 */
export async function pullManifests(copy: WorkingCopy): Promise<void> {
  const { folder } = copy;
  await prepareFolder(folder);
  const prefix = parquetKey('manifests/');
  const objects = await listObjects(copy, prefix);
  const runs = Array.from(objects.keys()).flatMap(
    (key) => findRunOfManifest(key.slice(prefix.length)) ?? [],
  );
  for (const run of runs) {
    const path = join(folder, manifestPath(run));
    const key = parquetKey(manifestPath(run));
    const local = await readFile(path, 'utf8').catch(() => null);
    if (local !== null && hasContent(objects.get(key), local)) continue;
    assertManifestSize(copy, key, objects.get(key));
    const body = await openObject(copy, key);
    if (body === null) continue;
    const temporary = join(temporaryFolder(folder), `${run}.json`);
    await writeFile(temporary, await text(body), { mode: 0o600 });
    await moveDurably(temporary, path);
  }
  const newest = runs.toSorted().at(-1) ?? '';
  for (const run of await listManifestRuns(folder)) {
    if (run < newest && !runs.includes(run)) await removeManifest(folder, run);
  }
}

function assertManifestSize(
  { bucket }: WorkingCopy,
  key: string,
  object: StoredObject | undefined,
): void {
  if (!object || object.bytes <= MANIFEST_MAX_BYTES) return;
  throw new OperatorError(
    `s3://${bucket}/${key} is no manifest: it has ${object.bytes} bytes. Delete it, and run the command again.`,
  );
}

/**
 * Ensures that the working copy has a file: downloads it if it is missing.
 * @returns false if the bucket does not have the file either, or has another content
 * @throws OperatorError if the bucket cannot be read
 */
export async function ensureFile(copy: WorkingCopy, file: ParquetFile): Promise<boolean> {
  const { folder } = copy;
  if (await hasFile(folder, file)) return true;
  const body = await openObject(copy, parquetKey(file.path));
  if (body === null) return false;
  const temporary = join(temporaryFolder(folder), file.sha256);
  await pipeline(
    body,
    (chunks) => cutAfter(chunks, file.bytes),
    createWriteStream(temporary, { mode: 0o600 }),
  );
  const { sha256 } = await hashFile(temporary);
  if (sha256 !== file.sha256) {
    await rm(temporary);
    return false;
  }
  await moveDurably(temporary, join(folder, file.path));
  return true;
}

/** Generates the chunks of a file until it has more bytes than expected, so that a replaced file cannot fill the disk. */
async function* cutAfter(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of chunks) {
    yield chunk;
    left -= chunk.length;
    if (left < 0) return;
  }
}

/** Creates the store of runs with a bucket. */
export function createBucketStore(copy: WorkingCopy): ParquetStore {
  return {
    folder: copy.folder,
    open: () => pullManifests(copy),
    ensureFile: (file) => ensureFile(copy, file),
  };
}
