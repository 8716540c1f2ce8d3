import { type Attachment, detachVolume, findVolume } from '../../aws/ec2/volumes.ts';
import { attachAndWait } from '../ec2/wait-for-volume.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { EndingRun, ActiveRun, RunStep } from '../run/active-run.ts';
import { bestEffort } from './best-effort.ts';

const ATTACHED_MAX_MS = 5 * 60_000;
const DETACHED_MAX_MS = 2 * 60_000;

/** Attaches the volume to the instance. AWS never attaches it to two instances. */
export const attach: RunStep = {
  name: 'attach',
  runMessage: 'Attaching the volume',
  run: async (run) => {
    await attachAndWait(run.ec2, attachmentInput(run), pollOptions(run, ATTACHED_MAX_MS));
  },
  undoMessage: 'Detaching the volume',
  undo: async (run) => {
    // To detach a mounted volume would lose data that is not written yet.
    if (run.isMounted) return;
    const problem = 'The volume could not be detached. It is free when the instance has ended';
    await bestEffort(run, problem, () => detach(run));
  },
  plan: (run) => {
    const { VolumeId, InstanceId } = attachmentInput(run);
    return {
      run: [formatRequest('AttachVolume', attachmentInput(run))],
      undo: [formatRequest('DetachVolume', { VolumeId, InstanceId })],
    };
  },
};

/** Returns the request that attaches the volume. */
export function attachmentInput({ config, state }: ActiveRun): Attachment {
  const InstanceId = state.instanceId ?? '';
  return { VolumeId: config.volumeId, InstanceId, Device: config.volumeDevice };
}

async function detach(run: EndingRun): Promise<void> {
  const { ec2 } = run;
  const { volumeId, instanceId } = run.state;
  const request = async () => {
    const volume = await findVolume(ec2, volumeId);
    if (!volume || !instanceId || volume.attachedTo !== instanceId) return { done: undefined };
    const isDetaching = volume.attachment === 'detaching' || volume.attachment === 'busy';
    if (!isDetaching) await detachVolume(ec2, volumeId, instanceId);
    return { pending: volume.attachment ?? volume.state };
  };
  await poll(`The volume ${volumeId}`, request, cleanupPollOptions(run, DETACHED_MAX_MS));
}
