import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplatesCommand } from '@aws-sdk/client-ec2';
import { GetInstanceProfileCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import { z } from 'zod';
import { listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter, WAREHOUSE_TAG } from '../../aws/ec2/tags.ts';
import { listVolumes } from '../../aws/ec2/volumes.ts';
import { withAwsError, awsErrorName } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';
import { listDatabases } from '../database/databases.ts';
import { listGroups } from '../image/security-groups.ts';
import type { Resource } from '../stack/resources.ts';
import { STACK_TAG } from '../stack/stack.ts';
import { listOrphanedLoadBalancers } from './load-balancers.ts';

/**
 * What should be gone with the stack, and is there all the same: a line each. What costs is looked for by its tag,
 * since the stack may be long gone; roles cost nothing, and are looked for where it is known what they were called.
 */
export async function listOrphans(cloud: CloudContext, resources: Resource[]): Promise<string[]> {
  const found = await Promise.all([
    listMachines(cloud),
    listOfNetwork(cloud),
    listOrphanedLoadBalancers(cloud),
    listDatabases(cloud.clients.rds, cloud.stackName).then((databases) =>
      databases.map(({ id, status }) => `the database ${id}, ${status}`),
    ),
    listRoles(cloud, resources),
  ]);
  return found.flat();
}

async function listMachines({ clients: { ec2 }, stackName }: CloudContext): Promise<string[]> {
  const filters = [tagFilter(STACK_TAG, stackName)];
  const [instances, volumes] = await Promise.all([
    listInstances(ec2, filters),
    listVolumes(ec2, filters),
  ]);
  return [
    ...instances
      .filter(({ state }) => state !== 'terminated')
      .map(({ id, state }) => `the instance ${id}, ${state}`),
    ...volumes
      .filter(({ tags }) => !tags[WAREHOUSE_TAG])
      .map(({ id, state }) => `the volume ${id}, ${state}`),
  ];
}

const templatesAnswer = z.object({
  LaunchTemplates: z.array(z.object({ LaunchTemplateId: z.string() })).default([]),
});
const scalingAnswer = z.object({
  AutoScalingGroups: z.array(z.object({ AutoScalingGroupName: z.string() })).default([]),
});

async function listOfNetwork({ clients, stackName }: CloudContext): Promise<string[]> {
  const { ec2, autoScaling } = clients;
  const Filters = [tagFilter(STACK_TAG, stackName)];
  const [groups, templates, scaling] = await Promise.all([
    listGroups(ec2, Filters),
    withAwsError(
      'Cannot look for launch templates',
      ec2.send(new DescribeLaunchTemplatesCommand({ Filters })),
    ),
    withAwsError(
      'Cannot look for Auto Scaling groups',
      autoScaling.send(new DescribeAutoScalingGroupsCommand({ Filters })),
    ),
  ]);
  return [
    ...groups.map(({ id, name }) => `the security group ${id} ${name}`),
    ...templatesAnswer
      .parse(templates)
      .LaunchTemplates.map(({ LaunchTemplateId }) => `the launch template ${LaunchTemplateId}`),
    ...scalingAnswer
      .parse(scaling)
      .AutoScalingGroups.map((it) => `the Auto Scaling group ${it.AutoScalingGroupName}`),
  ];
}

async function listRoles(
  { clients: { iam } }: CloudContext,
  resources: Resource[],
): Promise<string[]> {
  const left: string[] = [];
  for (const { type, id } of resources) {
    if (type === 'AWS::IAM::Role') {
      const request = iam.send(new GetRoleCommand({ RoleName: id }));
      if (await isThere(withAwsError(`Cannot look at the role ${id}`, request)))
        left.push(`the role ${id}`);
    }
    if (type === 'AWS::IAM::InstanceProfile') {
      const request = iam.send(new GetInstanceProfileCommand({ InstanceProfileName: id }));
      const isLeft = await isThere(
        withAwsError(`Cannot look at the instance profile ${id}`, request),
      );
      if (isLeft) left.push(`the instance profile ${id}`);
    }
  }
  return left;
}

async function isThere(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (awsErrorName(error)?.startsWith('NoSuchEntity')) return false;
    throw error;
  }
}
