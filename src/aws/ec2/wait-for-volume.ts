import type { EC2Client } from '@aws-sdk/client-ec2';
import { OperatorError } from '../../errors/operator-error.ts';
import { awsErrorName } from '../errors.ts';
import { type PollOptions, poll } from '../../cli/poll.ts';
import { deleteVolume } from './removal.ts';
import { type Attachment, attachVolume, findVolume } from './volumes.ts';

// of a volume that it may not encrypt, AWS says no more than that it is gone
const KEY_ADVICE =
  'If this account encrypts volumes with a KMS key of its own, you must be allowed to use that: kms:CreateGrant, ' +
  'kms:Decrypt, kms:DescribeKey, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*.';

/**
 * Waits until a volume that is new, or that was taken from an instance, can be used.
 * @throws OperatorError when it has failed, or has vanished
 */
export async function waitUntilAvailable(
  ec2: EC2Client,
  id: string,
  waiting: PollOptions,
): Promise<void> {
  let wasSeen = false;
  const look = async () => {
    const volume = await findVolume(ec2, id);
    if (volume?.state === 'error' || (!volume && wasSeen)) {
      throw new OperatorError(`AWS could not make the volume ${id}. ${KEY_ADVICE}`);
    }
    wasSeen = volume !== null;
    if (volume?.state === 'available') return { done: undefined };
    return { pending: volume?.state ?? 'not known yet' };
  };
  await poll(`The volume ${id}`, look, waiting);
}

/**
 * Gives a volume to an instance, and waits until that has it, whichever answers are lost.
 * @throws OperatorError when the volume is gone, or with another instance
 */
export async function attachAndWait(
  ec2: EC2Client,
  attachment: Attachment,
  waiting: PollOptions,
): Promise<void> {
  const { VolumeId, InstanceId } = attachment;
  const look = async () => {
    const volume = await findVolume(ec2, VolumeId);
    if (!volume) throw new OperatorError(`There is no volume ${VolumeId} any more.`);
    if (!volume.attachedTo) return attachOnce(ec2, attachment);
    if (volume.attachedTo !== InstanceId) {
      throw new OperatorError(`${VolumeId} has been attached to ${volume.attachedTo} meanwhile.`);
    }
    if (volume.attachment === 'attached') return { done: undefined };
    return { pending: volume.attachment ?? volume.state };
  };
  await poll(`The volume ${VolumeId}`, look, waiting);
}

async function attachOnce(ec2: EC2Client, attachment: Attachment): Promise<{ pending: string }> {
  try {
    await attachVolume(ec2, attachment);
    return { pending: 'attaching' };
  } catch (error) {
    // to us, perhaps, and only the answer was lost: the next look tells
    if (awsErrorName(error) === 'VolumeInUse') return { pending: 'in use' };
    throw error;
  }
}

/** Deletes a volume as soon as it can be: once it is made, and no instance has it. */
export async function deleteWhenFree(
  ec2: EC2Client,
  id: string,
  waiting: PollOptions,
): Promise<void> {
  const look = async () =>
    (await deleteVolume(ec2, id)) ? { done: undefined } : { pending: 'not free yet' };
  await poll(`The volume ${id}`, look, waiting);
}
