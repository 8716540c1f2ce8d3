import { DeleteSnapshotCommand, DeleteVolumeCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { withAwsError, awsErrorName, nullIfNotFound } from '../errors.ts';
import { listImages } from './images.ts';
import { listVolumes } from './volumes.ts';

/** What keeps a snapshot from being deleted, for people; null when nothing is known to. */
export async function findSnapshotUse(ec2: EC2Client, snapshotId: string): Promise<string | null> {
  const [image] = await listImages(ec2, 'self', [
    { Name: 'block-device-mapping.snapshot-id', Values: [snapshotId] },
  ]);
  if (image) return `the image ${image.id} is made of it`;
  const [volume] = await listVolumes(ec2, [
    { Name: 'snapshot-id', Values: [snapshotId] },
    { Name: 'status', Values: ['creating'] },
  ]);
  return volume ? `the volume ${volume.id} is being made of it` : null;
}

/** Deletes a snapshot. False when AWS says that it is in use, which it may know better than `findUse`. */
export async function deleteSnapshot(ec2: EC2Client, id: string): Promise<boolean> {
  const request = ec2.send(new DeleteSnapshotCommand({ SnapshotId: id }));
  try {
    await nullIfNotFound(withAwsError(`Cannot delete the snapshot ${id}`, request));
    return true;
  } catch (error) {
    if (awsErrorName(error) === 'InvalidSnapshot.InUse') return false;
    throw error;
  }
}

/** Deletes a volume. False while it cannot be: as long as it is being made, and while an instance has it. */
export async function deleteVolume(ec2: EC2Client, id: string): Promise<boolean> {
  const request = ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  try {
    await nullIfNotFound(withAwsError(`Cannot delete the volume ${id}`, request));
    return true;
  } catch (error) {
    if (['IncorrectState', 'VolumeInUse'].includes(awsErrorName(error) ?? '')) return false;
    throw error;
  }
}
