import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import type { Outputs } from '../stack/outputs.ts';
import { requireScalingGroup } from './scaling-group.ts';
import { readTargetHealth } from './target-health.ts';

const HEALTHY_MAX_MS = 10 * 60_000;

/**
 * Waits until all instances of the group are healthy in the load balancer. The group itself checks only that they run.
 * @throws OperatorError when they are not healthy within 10 minutes
 */
export async function waitUntilHealthy(cloud: CloudContext, outputs: Outputs): Promise<void> {
  const { autoScaling, loadBalancing } = cloud.clients;
  const checkHealthy = async () => {
    const { members, desired } = await requireScalingGroup(autoScaling, outputs.instances);
    const health = await readTargetHealth(loadBalancing, outputs.targets);
    const healthy = members.filter(({ id }) => health.get(id) === 'healthy');
    if (healthy.length >= desired) return { done: undefined };
    return { pending: `${healthy.length} of ${desired} healthy in the load balancer` };
  };
  await poll('The instances', checkHealthy, pollOptions(cloud, HEALTHY_MAX_MS));
}
