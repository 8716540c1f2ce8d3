import { DeleteSnapshotCommand, DeleteVolumeCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { isAwsError, nullIfNotFound, withAwsError } from '../errors.ts';
import { listImages } from './images.ts';
import { listVolumes } from './volumes.ts';

/** Returns why a snapshot cannot be deleted, as a clause for people, or null if no reason is known. */
export async function findSnapshotUse(ec2: EC2Client, snapshotId: string): Promise<string | null> {
  const [image] = await listImages(ec2, 'self', [
    { Name: 'block-device-mapping.snapshot-id', Values: [snapshotId] },
  ]);
  if (image) return `the image ${image.id} uses it`;
  const [volume] = await listVolumes(ec2, [
    { Name: 'snapshot-id', Values: [snapshotId] },
    { Name: 'status', Values: ['creating'] },
  ]);
  return volume ? `the volume ${volume.id} is being created from it` : null;
}

/** Deletes a snapshot. Idempotent. Returns false if the snapshot is in use. */
export async function deleteSnapshot(ec2: EC2Client, id: string): Promise<boolean> {
  const request = ec2.send(new DeleteSnapshotCommand({ SnapshotId: id }));
  try {
    await nullIfNotFound(withAwsError(`Cannot delete the snapshot ${id}`, request));
    return true;
  } catch (error) {
    if (isAwsError(error, 'InvalidSnapshot.InUse')) return false;
    throw error;
  }
}

/** Deletes a volume. Idempotent. Returns false while the volume is being created or is attached to an instance. */
export async function deleteVolume(ec2: EC2Client, id: string): Promise<boolean> {
  const request = ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  try {
    await nullIfNotFound(withAwsError(`Cannot delete the volume ${id}`, request));
    return true;
  } catch (error) {
    if (isAwsError(error, 'IncorrectState', 'VolumeInUse')) return false;
    throw error;
  }
}
