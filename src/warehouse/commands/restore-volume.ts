import type { EC2Client, VolumeType } from '@aws-sdk/client-ec2';
import { findCreated } from '../../aws/find-created.ts';
import { type Snapshot, findSnapshot } from '../../aws/ec2/snapshots.ts';
import { addTags, tagFilter, tagSpecifications } from '../../aws/ec2/tags.ts';
import { RUN_TAG } from '../../aws/tags.ts';
import { createVolume, findVolume, listVolumes } from '../../aws/ec2/volumes.ts';
import { deleteWhenFree, waitUntilAvailable } from '../ec2/wait-for-volume.ts';
import { createRunId } from '../../cli/run-id.ts';
import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { lockFolder, originTag } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { ORIGIN_TAG, resourceTags, UNFINISHED } from '../tags.ts';

const READY_MAX_MS = 10 * 60_000;
const DELETE_MAX_MS = 2 * 60_000;

/** The volume that `restore` creates. */
export interface RestoreVolumeOptions {
  snapshotId: string;
  /** The volume of the settings, which the new one replaces; null without that setting. */
  volumeId: string | null;
  /** The availability zone; null for the zone of the old volume. */
  zone: string | null;
}

/**
 * Creates a volume from a snapshot, with the zone, type and performance of the old volume, and prints the setting with
 * which the next run uses it. Does not change the old volume.
 * @returns the id of the new volume
 * @throws OperatorError when the snapshot does not exist or is not complete; when the zone is unknown; when the new
 *   volume does not become available, after deleting it
 */
export async function restoreVolume(
  context: WarehouseContext,
  options: RestoreVolumeOptions,
): Promise<string> {
  const lock = await lockFolder(context.folder);
  try {
    return await makeVolume(context, options);
  } finally {
    lock.release();
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
  // With these tags, `cleanup` finds the volume of a killed process.
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
    print(`Creating the volume ${id} from ${snapshot.id} in ${place.AvailabilityZone} …`);
    await waitUntilAvailable(ec2, id, pollOptions(context, READY_MAX_MS));
    await addTags(ec2, [id], { [WAREHOUSE_TAG]: id });
  } catch (error) {
    await deleteCreated(context, { runId, id }, error);
    throw error;
  }
  const time = snapshot.startedAt.toISOString();
  print(
    `The volume ${id} holds the warehouse as of ${time}. Set this, so that the next run uses it:`,
  );
  print(`WAREHOUSE_VOLUME_ID=${id}`);
  return id;
}

async function requireSnapshot(ec2: EC2Client, id: string): Promise<Snapshot> {
  const snapshot = await findSnapshot(ec2, id);
  if (snapshot === null) {
    throw new OperatorError(
      `There is no snapshot ${id} in this region. List the snapshots with: npm run warehouse -- snapshots`,
    );
  }
  if (snapshot.state !== 'completed') {
    throw new OperatorError(`The snapshot ${id} is ${snapshot.state}, not completed.`);
  }
  return snapshot;
}

async function chooseTarget(ec2: EC2Client, { volumeId, zone }: RestoreVolumeOptions) {
  const old = volumeId === null ? null : await findVolume(ec2, volumeId);
  const AvailabilityZone = zone ?? old?.zone;
  if (AvailabilityZone === undefined) {
    const reason =
      volumeId === null ? 'WAREHOUSE_VOLUME_ID is not set' : `${volumeId} does not exist`;
    throw new OperatorError(`Name a zone, such as --zone us-east-1a, since ${reason}.`);
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
  created: { runId: string; id: string | null },
  cause: unknown,
): Promise<void> {
  const { ec2, timing } = context;
  const list = async () =>
    (await listVolumes(ec2, [tagFilter(RUN_TAG, created.runId)])).map(({ id }) => id);
  const subject = 'A volume that AWS may have created';
  try {
    const ids = await findCreated(
      { subject, knownId: created.id, list, visibilityTimeoutMs: timing.visibilityTimeoutMs },
      cleanupPollOptions(context, timing.visibilityTimeoutMs * 2),
    );
    for (const id of ids) await deleteWhenFree(ec2, id, cleanupPollOptions(context, DELETE_MAX_MS));
  } catch (error) {
    throw new OperatorError(
      `${errorMessage(cause)}\nThis may still exist: ${formatOrphan(created)}\n(${errorMessage(error)})`,
      { cause },
    );
  }
}

function formatOrphan({ runId, id }: { runId: string; id: string | null }): string {
  return id === null
    ? `a volume. To remove it: npm run warehouse -- cleanup ${runId}`
    : `the volume ${id}. To remove it: aws ec2 delete-volume --volume-id ${id}`;
}
