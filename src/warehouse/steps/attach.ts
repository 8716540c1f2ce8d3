import { awsErrorName } from '../../aws/failures.ts';
import { waitFor } from '../../aws/wait.ts';
import { OperatorError } from '../../errors.ts';
import { type Attachment, attachVolume, detachVolume, findVolume } from '../ec2/volumes.ts';
import type { Run } from '../run/run.ts';
import type { Step } from '../run/runner.ts';
import { tidy } from './tidy.ts';

const ATTACHED_MAX_MS = 5 * 60_000;
const DETACHED_MAX_MS = 2 * 60_000;

/** Gives the volume to the instance. AWS gives it to one instance alone, whatever else went wrong. */
export const attach: Step<Run> = {
  name: 'attach',
  doing: 'Attaching the volume',
  run: async (run) => {
    const attachment = attachmentOf(run);
    const look = async () => {
      const volume = await findVolume(run.ec2, attachment.VolumeId);
      if (!volume) throw new OperatorError(`There is no volume ${attachment.VolumeId} any more.`);
      if (!volume.attachedTo) return attachOnce(run, attachment);
      if (volume.attachedTo !== attachment.InstanceId) {
        throw new OperatorError(
          `${volume.id} has been attached to ${volume.attachedTo} meanwhile.`,
        );
      }
      if (volume.attachment === 'attached') return { answer: undefined };
      return { state: volume.attachment ?? volume.state };
    };
    await waitFor(`The volume ${attachment.VolumeId}`, look, run.waiting(ATTACHED_MAX_MS));
  },
  undoing: 'Detaching the volume',
  undo: (run) =>
    tidy(run, 'The volume could not be detached; it is free when the instance has ended', () =>
      detach(run),
    ),
};

/** What AWS is asked for. */
export function attachmentOf({ config, state }: Run): Attachment {
  const InstanceId = state.instanceId ?? '';
  return { VolumeId: config.volumeId, InstanceId, Device: config.volumeDevice };
}

async function attachOnce({ ec2 }: Run, attachment: Attachment): Promise<{ state: string }> {
  try {
    await attachVolume(ec2, attachment);
    return { state: 'attaching' };
  } catch (error) {
    // to us, perhaps, and only the answer was lost: the next look tells
    if (awsErrorName(error) === 'VolumeInUse') return { state: 'in use' };
    throw error;
  }
}

async function detach({ ec2, state, undoing }: Run): Promise<void> {
  const { volumeId, instanceId } = state;
  const look = async () => {
    const volume = await findVolume(ec2, volumeId);
    if (!volume || !instanceId || volume.attachedTo !== instanceId) return { answer: undefined };
    const isAsked = volume.attachment === 'detaching' || volume.attachment === 'busy';
    if (!isAsked) await detachVolume(ec2, volumeId, instanceId);
    return { state: volume.attachment ?? volume.state };
  };
  await waitFor(`The volume ${volumeId}`, look, undoing(DETACHED_MAX_MS));
}
