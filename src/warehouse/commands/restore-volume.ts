import type { EC2Client, VolumeType } from '@aws-sdk/client-ec2';
import { findCreated } from '../../aws/ec2/find-created.ts';
import { type Snapshot, findSnapshot } from '../../aws/ec2/snapshots.ts';
import { addTags, RUN_TAG, tagFilter, tagSpecifications } from '../../aws/ec2/tags.ts';
import { createVolume, findVolume, listVolumes } from '../../aws/ec2/volumes.ts';
import { deleteWhenFree, waitUntilAvailable } from '../../aws/ec2/wait-for-volume.ts';
import { createRunId } from '../../cli/run-id.ts';
import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { lockFolder, originTag } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import { ORIGIN_TAG, resourceTags, UNFINISHED, WAREHOUSE_TAG } from '../tags.ts';

const READY_MAX_MS = 10 * 60_000;
const DELETE_MAX_MS = 2 * 60_000;

/** The volume that `restore` makes. */
export interface RestoreVolumeOptions {
  snapshotId: string;
  /** The volume that the settings name, whose place the new one takes; null when they name none. */
  volumeId: string | null;
  /** The availability zone; null for that of the old volume. */
  zone: string | null;
}

/**
 * Makes a volume of a snapshot, in the zone of the old one and of its kind, and prints the setting that has the next
 * run use it. The old volume, if it is still there, is left as it is.
 * @returns the volume's id
 * @throws OperatorError when the snapshot is not there or not complete, when the zone is unknown, and when the
 *   volume does not become available, which is deleted then
 */
export async function restoreVolume(
  context: WarehouseContext,
  options: RestoreVolumeOptions,
): Promise<string> {
  const claim = await lockFolder(context.folder);
  try {
    return await makeVolume(context, options);
  } finally {
    claim.release();
  }
}

async function makeVolume(
  context: WarehouseContext,
  options: RestoreVolumeOptions,
): Promise<string> {
  const { ec2, print, folder } = context;
  const snapshot = await requireSnapshot(ec2, options.snapshotId);
  const place = await chooseTarget(ec2, options);
  const runId = createRunId(new Date());
  // until it is done, `cleanup` removes what a killed one leaves
  const tags = { ...resourceTags(UNFINISHED, runId), [ORIGIN_TAG]: originTag(folder) };
  let id: string | null = null;
  try {
    id = await createVolume(ec2, {
      ...place,
      SnapshotId: snapshot.id,
      Encrypted: true,
      ClientToken: runId,
      TagSpecifications: tagSpecifications(tags, 'volume'),
    });
    print(`Making the volume ${id} of ${snapshot.id} in ${place.AvailabilityZone} …`);
    await waitUntilAvailable(ec2, id, pollOptions(context, READY_MAX_MS));
    await addTags(ec2, [id], { [WAREHOUSE_TAG]: id });
  } catch (error) {
    await deleteCreated(context, { runId, id }, error);
    throw error;
  }
  const time = snapshot.startedAt.toISOString();
  print(
    `The volume ${id} holds the warehouse of ${time}. Keep this setting, and the next run uses it:`,
  );
  print(`WAREHOUSE_VOLUME_ID=${id}`);
  return id;
}

async function requireSnapshot(ec2: EC2Client, id: string): Promise<Snapshot> {
  const snapshot = await findSnapshot(ec2, id);
  if (snapshot === null) {
    throw new OperatorError(`There is no snapshot ${id} here: \`snapshots\` lists those that are.`);
  }
  if (snapshot.state !== 'completed') {
    throw new OperatorError(`The snapshot ${id} is not complete, but ${snapshot.state}.`);
  }
  return snapshot;
}

async function chooseTarget(ec2: EC2Client, { volumeId, zone }: RestoreVolumeOptions) {
  const old = volumeId === null ? null : await findVolume(ec2, volumeId);
  const AvailabilityZone = zone ?? old?.zone;
  if (AvailabilityZone === undefined) {
    const reason =
      volumeId === null ? 'WAREHOUSE_VOLUME_ID is not set' : `${volumeId} is not there`;
    throw new OperatorError(`Say in which zone, such as --zone us-east-1a: ${reason}.`);
  }
  return {
    AvailabilityZone,
    VolumeType: (old?.type ?? 'gp3') as VolumeType,
    Iops: old?.iops ?? undefined,
    Throughput: old?.throughput ?? undefined,
  };
}

async function deleteCreated(
  context: WarehouseContext,
  made: { runId: string; id: string | null },
  why: unknown,
): Promise<void> {
  const { ec2, timing } = context;
  const list = async () =>
    (await listVolumes(ec2, [tagFilter(RUN_TAG, made.runId)])).map(({ id }) => id);
  const subject = 'A volume that AWS may have made';
  try {
    const ids = await findCreated(
      { subject, knownId: made.id, list, visibilityTimeoutMs: timing.visibilityTimeoutMs },
      cleanupPollOptions(context, timing.visibilityTimeoutMs * 2),
    );
    for (const id of ids) await deleteWhenFree(ec2, id, cleanupPollOptions(context, DELETE_MAX_MS));
  } catch (error) {
    throw new OperatorError(
      `${errorMessage(why)}\nThis may still exist: ${formatOrphan(made)}\n(${errorMessage(error)})`,
      { cause: why },
    );
  }
}

function formatOrphan({ runId, id }: { runId: string; id: string | null }): string {
  return id === null
    ? `a volume. To remove it: npm run warehouse -- cleanup ${runId}`
    : `the volume ${id}. To remove it: aws ec2 delete-volume --volume-id ${id}`;
}
