import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import type { Outputs } from '../stack/outputs.ts';
import { readGroupHealth } from './group-health.ts';

const HEALTHY_MAX_MS = 20 * 60_000;

/**
 * Waits until each instance of the group is in service and healthy in the load balancer. The group itself checks only
 * that they run. Ignores instances that terminate.
 * @returns the ids of the instances in a fixed order
 * @throws OperatorError when they are not healthy within 20 minutes
 */
export async function waitUntilHealthy(cloud: CloudContext, outputs: Outputs): Promise<string[]> {
  const checkHealthy = async () => {
    const { members, desired } = await readGroupHealth(cloud, outputs);
    const staying = members.filter(({ state }) => !/^(Terminating|Terminated)/.test(state));
    const healthy = staying.filter(
      ({ state, health }) => state === 'InService' && health === 'healthy',
    );
    const needed = Math.max(desired, staying.length);
    if (healthy.length === needed) return { done: healthy.map(({ id }) => id).toSorted() };
    return { pending: `${healthy.length} of ${needed} healthy in the load balancer` };
  };
  return poll('The instances', checkHealthy, pollOptions(cloud, HEALTHY_MAX_MS));
}
