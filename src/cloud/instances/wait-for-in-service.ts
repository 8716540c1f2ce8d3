import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import { explainReason } from '../stack/hints.ts';
import type { Outputs } from '../stack/outputs.ts';
import { findLaunchFailure } from './launch-failure.ts';
import { requireScalingGroup } from './scaling-group.ts';

const IN_SERVICE_MAX_MS = 10 * 60_000;

/**
 * Returns the id of an instance in service. Waits until there is one, and logs why AWS cannot launch one.
 * @throws OperatorError when this takes more than 10 minutes
 */
export function waitForInService(cloud: CloudContext, { instances }: Outputs): Promise<string> {
  const { clients } = cloud;
  const checkInService = async () => {
    const { members } = await requireScalingGroup(clients.autoScaling, instances);
    const ready = members.find(({ state }) => state === 'InService');
    if (ready) return { done: ready.id };
    if (members.length === 0) return { pending: await explainNoInstance(cloud, instances) };
    return { pending: members.map(({ id, state }) => `${id} is ${state}`).join(', ') };
  };
  return poll('An instance', checkInService, pollOptions(cloud, IN_SERVICE_MAX_MS));
}

async function explainNoInstance(cloud: CloudContext, groupName: string): Promise<string> {
  const reason = await findLaunchFailure(cloud.clients.autoScaling, groupName);
  return reason === null
    ? 'not launched yet'
    : `could not be launched: ${explainReason(reason, cloud)}`;
}
