import type { EC2Client } from '@aws-sdk/client-ec2';
import { type PollOptions, poll } from '../../cli/poll.ts';
import { findInstance, terminateInstance } from './instances.ts';
import { listVolumes } from './volumes.ts';

/** The longest that an instance may take to terminate and to detach its volumes. */
export const TERMINATED_MAX_MS = 15 * 60_000;

/**
 * Terminates an instance, and waits until it is terminated and its volumes are detached.
 * @param visibilityTimeoutMs how long AWS may not know a new instance. After this, an unknown instance counts as
 *   terminated.
 */
export async function terminateAndWait(
  ec2: EC2Client,
  id: string,
  visibilityTimeoutMs: number,
  options: PollOptions,
): Promise<void> {
  const deadline = performance.now() + visibilityTimeoutMs;
  let isTerminating = false;
  const checkTerminated = async () => {
    // Terminate first: AWS may accept this while it cannot describe the instance.
    if (!isTerminating) await terminateInstance(ec2, id);
    const instance = await findInstance(ec2, id);
    const isGone = instance ? instance.state === 'terminated' : performance.now() > deadline;
    if (isGone) return { done: undefined };
    isTerminating = instance?.state === 'shutting-down';
    return { pending: instance?.state ?? 'not known to AWS' };
  };
  await poll(`The instance ${id}`, checkTerminated, options);
  await poll(`The volumes of ${id}`, () => checkDetached(ec2, id), options);
}

async function checkDetached(ec2: EC2Client, instanceId: string) {
  const filter = { Name: 'attachment.instance-id', Values: [instanceId] };
  const volumes = await listVolumes(ec2, [filter]);
  const attached = volumes.filter(({ attachedTo }) => attachedTo === instanceId);
  if (attached.length === 0) return { done: undefined };
  return { pending: attached.map((volume) => `${volume.id} is ${volume.attachment}`).join(', ') };
}
