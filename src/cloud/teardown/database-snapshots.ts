import { DeleteDBSnapshotCommand, type RDSClient } from '@aws-sdk/client-rds';
import { isAwsError, withAwsError } from '../../aws/errors.ts';
import { formatTime } from '../../cli/times.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import { listStackSnapshots } from '../database/snapshots.ts';
import { PRICES } from '../costs/prices.ts';
import type { RetainedResource } from './retained-resource.ts';

const CREATED_MAX_MS = 2 * 3_600_000;

/** Lists the snapshots of a stack's databases as retained resources, newest first. */
export async function listRetainedDatabaseSnapshots(
  cloud: CloudContext,
): Promise<RetainedResource[]> {
  const snapshots = await listStackSnapshots(cloud.clients.rds, cloud.stackName);
  return snapshots.map(({ id, databaseId, status, sizeGib, createdAt }) => ({
    id,
    about: `snapshot of the database ${databaseId}, ${createdAt ? formatTime(createdAt) : status}, of ${sizeGib} GiB`,
    monthly: sizeGib * PRICES.databaseSnapshotGbMonth,
    remove: () => remove(cloud, id),
  }));
}

async function remove(cloud: CloudContext, id: string): Promise<void> {
  const tryDelete = async () =>
    (await deleteSnapshot(cloud.clients.rds, id))
      ? { done: undefined }
      : { pending: 'still being created' };
  await poll(`The snapshot ${id}`, tryDelete, pollOptions(cloud, CREATED_MAX_MS));
}

/** Deletes a snapshot. Idempotent. Returns false while it is being created. */
async function deleteSnapshot(rds: RDSClient, id: string): Promise<boolean> {
  const request = rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }));
  try {
    await withAwsError(`Cannot delete the snapshot ${id}`, request);
    return true;
  } catch (error) {
    if (isAwsError(error, 'DBSnapshotNotFound')) return true;
    if (isAwsError(error, 'InvalidDBSnapshotState')) return false;
    throw error;
  }
}
