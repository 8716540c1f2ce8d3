import type { EC2Client } from '@aws-sdk/client-ec2';
import { type PollOptions, poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { isAwsError } from '../../aws/errors.ts';
import { deleteVolume } from '../../aws/ec2/removal.ts';
import { type Attachment, attachVolume, findVolume } from '../../aws/ec2/volumes.ts';

// AWS deletes a volume that it may not encrypt, without an error.
const KEY_HINT =
  'If this account encrypts volumes with its own KMS key, you need these permissions for the key: kms:CreateGrant, ' +
  'kms:Decrypt, kms:DescribeKey, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*.';

/**
 * Waits until a volume that was just created or detached is available.
 * @throws OperatorError when its creation failed, or when it has vanished
 */
export async function waitUntilAvailable(
  ec2: EC2Client,
  id: string,
  options: PollOptions,
): Promise<void> {
  let wasSeen = false;
  const checkAvailable = async () => {
    const volume = await findVolume(ec2, id);
    if (volume?.state === 'error' || (!volume && wasSeen)) {
      throw new OperatorError(`AWS could not create the volume ${id}. ${KEY_HINT}`);
    }
    wasSeen = volume !== null;
    if (volume?.state === 'available') return { done: undefined };
    return { pending: volume?.state ?? 'not known yet' };
  };
  await poll(`The volume ${id}`, checkAvailable, options);
}

/**
 * Attaches a volume to an instance, and waits until it is attached. Idempotent, also when responses are lost.
 * @throws OperatorError when the volume does not exist, or is attached to another instance
 */
export async function attachAndWait(
  ec2: EC2Client,
  attachment: Attachment,
  options: PollOptions,
): Promise<void> {
  const { VolumeId, InstanceId } = attachment;
  const checkAttached = async () => {
    const volume = await findVolume(ec2, VolumeId);
    if (!volume) throw new OperatorError(`The volume ${VolumeId} no longer exists.`);
    if (!volume.attachedTo) return requestAttachment(ec2, attachment);
    if (volume.attachedTo !== InstanceId) {
      throw new OperatorError(`${VolumeId} has been attached to ${volume.attachedTo} meanwhile.`);
    }
    if (volume.attachment === 'attached') return { done: undefined };
    return { pending: volume.attachment ?? volume.state };
  };
  await poll(`The volume ${VolumeId}`, checkAttached, options);
}

async function requestAttachment(
  ec2: EC2Client,
  attachment: Attachment,
): Promise<{ pending: string }> {
  try {
    await attachVolume(ec2, attachment);
    return { pending: 'attaching' };
  } catch (error) {
    // Perhaps by our own request, whose response was lost. The next poll shows which instance it is.
    if (isAwsError(error, 'VolumeInUse')) return { pending: 'in use' };
    throw error;
  }
}

/** Deletes a volume as soon as it is created and attached to no instance. */
export async function deleteWhenFree(
  ec2: EC2Client,
  id: string,
  options: PollOptions,
): Promise<void> {
  const tryDelete = async () =>
    (await deleteVolume(ec2, id)) ? { done: undefined } : { pending: 'not free yet' };
  await poll(`The volume ${id}`, tryDelete, options);
}
