import {
  type AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  type DesiredConfiguration,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const memberSchema = z
  .object({
    InstanceId: z.string(),
    InstanceType: z.string(),
    LifecycleState: z.string(),
    LaunchTemplate: z.object({ Version: z.string().optional() }).optional(),
  })
  .transform((it) => ({
    id: it.InstanceId,
    type: it.InstanceType,
    /** `Pending`, `InService`, `Terminating` and others. */
    state: it.LifecycleState,
    /** The version of the launch template that the instance was launched from, or null. */
    version: it.LaunchTemplate?.Version ?? null,
  }));

/** An instance in an Auto Scaling group. */
export type Member = z.infer<typeof memberSchema>;

// AWS returns the name of the launch template as well, but accepts only one of id and name.
const specificationSchema = z.object({ LaunchTemplateId: z.string(), Version: z.string() });

const policySchema = z.looseObject({
  LaunchTemplate: z.looseObject({
    LaunchTemplateSpecification: specificationSchema,
    Overrides: z.array(z.looseObject({ InstanceType: z.string() })),
  }),
});

const groupFields = {
  AutoScalingGroupName: z.string(),
  DesiredCapacity: z.number(),
  Instances: z.array(memberSchema).default([]),
};

const groupSchema = z
  .union([
    z.object({ ...groupFields, MixedInstancesPolicy: policySchema }),
    // The group of an earlier version.
    z.object({ ...groupFields, LaunchTemplate: specificationSchema }),
  ])
  .transform((it) => {
    const policy = 'MixedInstancesPolicy' in it ? it.MixedInstancesPolicy : null;
    const specification =
      'LaunchTemplate' in it
        ? it.LaunchTemplate
        : it.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification;
    return {
      name: it.AutoScalingGroupName,
      /** The desired number of instances. */
      desired: it.DesiredCapacity,
      templateId: specification.LaunchTemplateId,
      /** The version of the launch template that the group launches instances from. */
      version: specification.Version,
      /** The instance types that the group launches, or null if only the launch template has a type. */
      types: policy?.LaunchTemplate.Overrides.map(({ InstanceType }) => InstanceType) ?? null,
      /** The instance types and markets as AWS returns them, or null. */
      policy,
      members: it.Instances,
    };
  });

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

/** Returns the settings of a group with another version of its launch template. Types and markets do not change. */
export function withTemplateVersion(
  { templateId, policy }: ScalingGroup,
  version: string,
): DesiredConfiguration {
  const LaunchTemplateSpecification = { LaunchTemplateId: templateId, Version: version };
  if (!policy) return { LaunchTemplate: LaunchTemplateSpecification };
  const { LaunchTemplate } = policy;
  return {
    MixedInstancesPolicy: {
      ...policy,
      LaunchTemplate: { ...LaunchTemplate, LaunchTemplateSpecification },
    },
  };
}

/** Sets the launch template version from which the group launches instances. Replaces no instance. */
export async function setTemplateVersion(
  autoScaling: AutoScalingClient,
  group: ScalingGroup,
  version: string,
): Promise<void> {
  const request = autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: group.name,
      ...withTemplateVersion(group, version),
    }),
  );
  await withAwsError(`Cannot change the Auto Scaling group ${group.name}`, request);
}
