import {
  type AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const memberSchema = z
  .object({
    InstanceId: z.string(),
    LifecycleState: z.string(),
    LaunchTemplate: z.object({ Version: z.string().optional() }).optional(),
  })
  .transform((it) => ({
    id: it.InstanceId,
    /** `Pending`, `InService`, `Terminating` and others. */
    state: it.LifecycleState,
    /** The version of the launch template that the instance was launched from, or null. */
    version: it.LaunchTemplate?.Version ?? null,
  }));

/** An instance in an Auto Scaling group. */
export type Member = z.infer<typeof memberSchema>;

const groupSchema = z
  .object({
    AutoScalingGroupName: z.string(),
    DesiredCapacity: z.number(),
    LaunchTemplate: z.object({ LaunchTemplateId: z.string(), Version: z.string() }),
    Instances: z.array(memberSchema).default([]),
  })
  .transform((it) => ({
    name: it.AutoScalingGroupName,
    /** The desired number of instances. */
    desired: it.DesiredCapacity,
    templateId: it.LaunchTemplate.LaunchTemplateId,
    /** The version of the launch template that the group launches instances from. */
    version: it.LaunchTemplate.Version,
    members: it.Instances,
  }));

/** An Auto Scaling group, which runs the desired number of instances. */
export type ScalingGroup = z.infer<typeof groupSchema>;

/**
 * Returns an Auto Scaling group.
 * @throws OperatorError when there is none of this name
 */
export async function requireScalingGroup(
  autoScaling: AutoScalingClient,
  name: string,
): Promise<ScalingGroup> {
  const request = autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  const attempt = `Cannot read the Auto Scaling group ${name}`;
  const [group] = (await withAwsError(attempt, request)).AutoScalingGroups ?? [];
  if (!group) throw new OperatorError(`The Auto Scaling group ${name} no longer exists.`);
  return groupSchema.parse(group);
}
