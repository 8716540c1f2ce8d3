import {
  type AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

/** An instance as its group sees it. */
export interface Member {
  id: string;
  zone: string;
  /** `Pending`, `InService`, `Terminating` and others. */
  state: string;
  /** The version of the launch template that it was started from; null where AWS does not say. */
  version: string | null;
}

/** The Auto Scaling group that keeps the instances running. */
export interface ScalingGroup {
  name: string;
  /** How many instances it keeps. */
  desired: number;
  templateId: string;
  /** The version of the launch template that it starts instances from. */
  version: string;
  members: Member[];
}

const memberAnswer = z
  .object({
    InstanceId: z.string(),
    AvailabilityZone: z.string(),
    LifecycleState: z.string(),
    LaunchTemplate: z.object({ Version: z.string().optional() }).optional(),
  })
  .transform((it): Member => ({
    id: it.InstanceId,
    zone: it.AvailabilityZone,
    state: it.LifecycleState,
    version: it.LaunchTemplate?.Version ?? null,
  }));

const groupAnswer = z
  .object({
    AutoScalingGroupName: z.string(),
    DesiredCapacity: z.number(),
    LaunchTemplate: z.object({ LaunchTemplateId: z.string(), Version: z.string() }),
    Instances: z.array(memberAnswer).default([]),
  })
  .transform((it): ScalingGroup => ({
    name: it.AutoScalingGroupName,
    desired: it.DesiredCapacity,
    templateId: it.LaunchTemplate.LaunchTemplateId,
    version: it.LaunchTemplate.Version,
    members: it.Instances,
  }));

const groupsAnswer = z.object({ AutoScalingGroups: z.array(groupAnswer).default([]) });

/**
 * A group as it is now.
 * @throws OperatorError when there is none of this name
 */
export async function requireScalingGroup(
  autoScaling: AutoScalingClient,
  name: string,
): Promise<ScalingGroup> {
  const request = autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  const answer = groupsAnswer.parse(
    await withAwsError(`Cannot look at the group ${name}`, request),
  );
  const [group] = answer.AutoScalingGroups;
  if (!group) throw new OperatorError(`There is no Auto Scaling group ${name} any more.`);
  return group;
}
