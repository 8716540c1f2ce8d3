import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { formatManifest, listFiles, manifestPath, readManifests } from '../parquet/folder.ts';
import { EXPORTED_TABLES, type Manifest } from '../parquet/manifest.ts';
import { parquetKey } from './keys.ts';
import type { WorkingCopy } from './pull.ts';
import { deleteObjects, hasContent, listObjects, type StoredObject } from './s3-objects.ts';
import { storeObject } from './s3-upload.ts';

/**
 * Uploads the manifests of the working copy that are new or changed, each after its files, and the lists of the newest
 * manifest's files in `current/`. An interruption leaves every manifest in the bucket with all of its files. Deletes
 * files that no manifest names, such as those of interrupted uploads.
 * @throws OperatorError if the bucket cannot be read or written; the signal's reason
 */
export async function push(copy: WorkingCopy, signal: AbortSignal): Promise<void> {
  const manifests = await readManifests(copy.folder);
  const [newest] = manifests;
  if (!newest) return;
  const objects = await listObjects(copy, parquetKey(''));
  for (const manifest of manifests.toReversed()) {
    const key = parquetKey(manifestPath(manifest.run));
    const json = formatManifest(manifest);
    if (hasContent(objects.get(key), json)) continue;
    await pushFiles(copy, manifest, objects, signal);
    await storeObject(copy, key, Buffer.from(json));
  }
  await pushCurrent(copy, newest);
  await deleteObjects(copy, listOrphans(objects, manifests));
}

/**
 * Deletes the manifests of runs from the bucket, and then the files that no remaining manifest names.
 * @param manifests all remaining manifests, the newest first
 * @throws OperatorError if the bucket cannot be read or written
 */
export async function removeFromBucket(
  copy: WorkingCopy,
  runs: string[],
  manifests: Manifest[],
): Promise<void> {
  await deleteObjects(
    copy,
    runs.map((run) => parquetKey(manifestPath(run))),
  );
  const objects = await listObjects(copy, parquetKey(''));
  await deleteObjects(copy, listOrphans(objects, manifests));
}

async function pushFiles(
  copy: WorkingCopy,
  manifest: Manifest,
  objects: Map<string, StoredObject>,
  signal: AbortSignal,
): Promise<void> {
  for (const { path, bytes } of listFiles(manifest)) {
    signal.throwIfAborted();
    const key = parquetKey(path);
    if (objects.get(key)?.bytes === bytes) continue;
    await storeObject(copy, key, createReadStream(join(copy.folder, path)));
    objects.set(key, { bytes, etag: '', modifiedAt: new Date() });
  }
}

/** Stores the list of each table's files, which Athena reads. A table changes with one request. */
async function pushCurrent(copy: WorkingCopy, { tables }: Manifest): Promise<void> {
  for (const table of EXPORTED_TABLES) {
    const urls = tables[table].files.map(({ path }) => `s3://${copy.bucket}/${parquetKey(path)}\n`);
    const key = parquetKey(`current/${table}/files.txt`);
    await storeObject(copy, key, Buffer.from(urls.join('')));
  }
}

/**
 * Lists the keys of the files that no manifest names and that are older than the newest manifest in the bucket. Newer
 * files may be those of another run that is uploading.
 */
function listOrphans(objects: Map<string, StoredObject>, manifests: Manifest[]): string[] {
  const named = new Set(manifests.flatMap(listFiles).map(({ path }) => parquetKey(path)));
  const pushed = manifests.flatMap(({ run }) => objects.get(parquetKey(manifestPath(run))) ?? []);
  const before = Number(pushed[0]?.modifiedAt ?? 0);
  return Array.from(objects)
    .filter(([key, { modifiedAt }]) => key.endsWith('.parquet') && Number(modifiedAt) <= before)
    .map(([key]) => key)
    .filter((key) => !named.has(key));
}
