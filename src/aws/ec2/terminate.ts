import type { EC2Client } from '@aws-sdk/client-ec2';
import { type PollOptions, poll } from '../../cli/poll.ts';
import { findInstance, terminateInstances } from './instances.ts';
import { listVolumes } from './volumes.ts';

/** For how long an instance may take to end, and to let its volumes go. */
export const TERMINATED_MAX_MS = 15 * 60_000;

/**
 * Ends an instance for ever, and waits until it has ended and every volume that outlives it is free.
 * @param unknownMaxMs for how long to believe in one that AWS does not know: it may be too new
 */
export async function terminateAndWait(
  ec2: EC2Client,
  id: string,
  unknownMaxMs: number,
  waiting: PollOptions,
): Promise<void> {
  const giveUpAt = performance.now() + unknownMaxMs;
  let isEnding = false;
  const look = async () => {
    // first, since AWS may take this when it cannot say what there is
    if (!isEnding) await terminateInstances(ec2, [id]);
    const instance = await findInstance(ec2, id);
    const isGone = instance ? instance.state === 'terminated' : performance.now() > giveUpAt;
    if (isGone) return { done: undefined };
    isEnding = instance?.state === 'shutting-down';
    return { pending: instance?.state ?? 'not known to AWS' };
  };
  await poll(`The instance ${id}`, look, waiting);
  await poll(`The volumes of ${id}`, () => lookForHeld(ec2, id), waiting);
}

async function lookForHeld(ec2: EC2Client, instanceId: string) {
  const attached = { Name: 'attachment.instance-id', Values: [instanceId] };
  const held = (await listVolumes(ec2, [attached])).filter((it) => it.attachedTo === instanceId);
  if (held.length === 0) return { done: undefined };
  return { pending: held.map((volume) => `${volume.id} is ${volume.attachment}`).join(', ') };
}
