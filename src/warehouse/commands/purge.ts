import { rm } from 'node:fs/promises';
import { parseRunStart } from '../../cli/run-id.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { listDumps } from '../bucket/dumps.ts';
import { findRunOfKey } from '../bucket/keys.ts';
import type { WorkingCopy } from '../bucket/pull.ts';
import { push, removeFromBucket } from '../bucket/push.ts';
import { deleteObjects, listObjects } from '../bucket/s3-objects.ts';
import { withDuckdb } from '../duckdb/with-duckdb.ts';
import {
  listExportedRuns,
  readManifests,
  removeUnreferenced,
  temporaryFolder,
  writeManifest,
} from '../parquet/folder.ts';
import type { Manifest } from '../parquet/manifest.ts';
import { purgeFiles } from '../parquet/purge.ts';
import { listReports, reportFolder } from '../report/folders.ts';
import { type HistoryContext, withHistory } from './history.ts';

/**
 * Removes the users and messages that the newest run does not have from the Parquet files of earlier runs, and deletes the
 * reports and dumps of the runs that had them, and of earlier runs without a manifest, which may have had some. It does
 * so in the folder and in the bucket. After an interruption, every manifest has all of its files, and the command can be
 * repeated.
 * @throws OperatorError if a file is missing, if the bucket cannot be read or written, or if it has no dump of the newest
 *   run: the dumps that this command deletes may be its last ones
 */
export async function purge(context: HistoryContext): Promise<void> {
  await withHistory(context, async (manifests) => {
    const { store, copy, print, signal } = context;
    const [newest] = manifests;
    if (!newest) return print('There are no Parquet files yet. Each run writes some.');
    if (copy) await assertNewestDump(copy, newest);
    print(`Comparing ${manifests.length - 1} earlier runs with the run ${newest.run} …`);
    const changed = await withDuckdb(
      temporaryFolder(store.folder),
      (duckdb) => purgeFiles(duckdb, { store, manifests, signal }),
      { threads: 1 },
    );
    const isDeleted = (run: string) =>
      parseRunStart(run) !== null &&
      run < newest.run &&
      (changed.some((it) => it.run === run) || !manifests.some((it) => it.run === run));
    // Once the manifests are written, a repeated command no longer finds these runs.
    await removeReports(context, manifests, isDeleted);
    if (copy)
      print(
        `Deleted ${await removeRuns(copy, isDeleted)} reports and dumps in s3://${copy.bucket}.`,
      );
    for (const manifest of changed) await writeManifest(store.folder, manifest);
    const remaining = await readManifests(store.folder);
    if (copy) {
      await push(copy, signal);
      await removeFromBucket(copy, [], remaining);
    }
    const files = await removeUnreferenced(store.folder, remaining);
    print(
      changed.length > 0
        ? `Removed deleted users and messages from ${changed.length} runs, and deleted ${files} files here.`
        : `No earlier run has users or messages that the run ${newest.run} does not have. Deleted ${files} files here.`,
    );
    print(
      'Snapshots in AWS may still have deleted users. To delete all but the newest one, run `snapshots prune --keep 1`.',
    );
  });
}

async function assertNewestDump({ s3, bucket }: WorkingCopy, { run }: Manifest): Promise<void> {
  if ((await listDumps(s3, bucket)).includes(run)) return;
  throw new OperatorError(
    `The bucket ${bucket} has no dump of the newest run, ${run}, and a purge could delete the last dump. Run \`npm run warehouse -- run\` first.`,
  );
}

/** Deletes reports here. A report of a run without a manifest may belong to another bucket, which has its manifest. */
async function removeReports(
  { folder, print }: HistoryContext,
  manifests: Manifest[],
  isDeleted: (run: string) => boolean,
): Promise<void> {
  const ours = new Set(manifests.map(({ run }) => run));
  const exported = await listExportedRuns(folder);
  const elsewhere = new Set(exported.filter((run) => !ours.has(run)));
  for (const run of await listReports(folder)) {
    if (!isDeleted(run) || elsewhere.has(run)) continue;
    await rm(reportFolder(folder, run), { recursive: true, force: true });
    print(`Deleted the report of the run ${run}, which may name deleted users.`);
  }
}

/** Deletes the objects of runs in a bucket. Returns their number. */
async function removeRuns(copy: WorkingCopy, isDeleted: (run: string) => boolean): Promise<number> {
  const objects = await listObjects(copy, 'runs/');
  const keys = Array.from(objects.keys()).filter((key) => {
    const run = findRunOfKey(key);
    return run !== null && isDeleted(run);
  });
  await deleteObjects(copy, keys);
  return keys.length;
}
