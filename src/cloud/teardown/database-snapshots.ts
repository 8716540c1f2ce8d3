import { DeleteDBSnapshotCommand, type RDSClient } from '@aws-sdk/client-rds';
import { withAwsError, awsErrorName } from '../../aws/errors.ts';
import { formatTime } from '../../cli/times.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import { type DatabaseSnapshot, listSnapshots } from '../database/snapshots.ts';
import { PRICES } from '../costs/prices.ts';
import { STACK_TAG } from '../stack/stack.ts';
import type { RetainedResource } from './retained-resource.ts';

const TAKEN_MAX_MS = 2 * 3_600_000;

/** The snapshots of a stack's databases that stay until they are deleted, also of those long gone; the newest first. */
export async function listStackSnapshots({
  clients,
  stackName,
}: CloudContext): Promise<DatabaseSnapshot[]> {
  const snapshots = await listSnapshots(clients.rds, null);
  return snapshots.filter(({ tags }) => tags[STACK_TAG] === stackName);
}

/** The same as what outlives the stack. */
export async function listRetainedDatabaseSnapshots(
  cloud: CloudContext,
): Promise<RetainedResource[]> {
  const snapshots = await listStackSnapshots(cloud);
  return snapshots.map(({ id, databaseId, status, sizeGib, createdAt }) => ({
    id,
    about: `snapshot of the database ${databaseId}, ${createdAt ? formatTime(createdAt) : status}, of ${sizeGib} GiB`,
    monthly: sizeGib * PRICES.databaseSnapshotGbMonth,
    remove: () => remove(cloud, id),
  }));
}

async function remove(cloud: CloudContext, id: string): Promise<void> {
  const { clients } = cloud;
  const look = async () =>
    (await deleteSnapshot(clients.rds, id))
      ? { done: undefined }
      : { pending: 'still being taken' };
  await poll(`The snapshot ${id}`, look, pollOptions(cloud, TAKEN_MAX_MS));
}

/** One that is gone already is fine. False while it is being taken. */
async function deleteSnapshot(rds: RDSClient, id: string): Promise<boolean> {
  const request = rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }));
  try {
    await withAwsError(`Cannot delete the snapshot ${id}`, request);
    return true;
  } catch (error) {
    const name = awsErrorName(error) ?? '';
    if (name.startsWith('DBSnapshotNotFound')) return true;
    if (name.startsWith('InvalidDBSnapshotState')) return false;
    throw error;
  }
}
