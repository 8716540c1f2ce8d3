import type { CloudContext } from '../context.ts';
import type { Outputs } from '../stack/outputs.ts';
import { type Member, requireScalingGroup } from './scaling-group.ts';
import { readTargetHealth } from './target-health.ts';

/** The instances of the Auto Scaling group, as the load balancer finds them. */
export interface GroupHealth {
  /** The desired number of instances. */
  desired: number;
  /** The instances, those included that start or terminate. */
  members: (Member & {
    /** The state in the load balancer's target group, such as `healthy`, or null if it is not in the group. */
    health: string | null;
  })[];
}

/**
 * Returns the instances of the stack's Auto Scaling group with their health in the load balancer.
 * @throws OperatorError when the group no longer exists
 */
export async function readGroupHealth(
  { clients }: CloudContext,
  { instances, targets }: Outputs,
): Promise<GroupHealth> {
  const { desired, members } = await requireScalingGroup(clients.autoScaling, instances);
  const health = await readTargetHealth(clients.loadBalancing, targets);
  return { desired, members: members.map((it) => ({ ...it, health: health.get(it.id) ?? null })) };
}
