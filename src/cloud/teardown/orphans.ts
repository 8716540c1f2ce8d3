import { paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling';
import { paginateDescribeLaunchTemplates } from '@aws-sdk/client-ec2';
import { GetInstanceProfileCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import { z } from 'zod';
import { listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { listVolumes } from '../../aws/ec2/volumes.ts';
import { nullIfAwsError, withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import type { CloudContext } from '../context.ts';
import {
  monthlyDatabaseCost,
  monthlyInstanceCost,
  monthlyVolumeCost,
  type PricedResource,
} from '../costs/priced-resource.ts';
import { listDatabases } from '../database/databases.ts';
import { listSecurityGroups } from '../image/security-groups.ts';
import type { StackResource } from '../stack/resources.ts';
import { STACK_TAG } from '../stack/stack.ts';
import { listOrphanedLoadBalancers } from './load-balancers.ts';

/**
 * Lists orphaned resources, which should have been deleted with the stack. Resources that cost are found by their tag, so
 * that those of earlier stacks are included. Roles and instance profiles, which cost nothing, are found by their names
 * among the stack's resources.
 */
export async function listOrphans(
  cloud: CloudContext,
  resources: StackResource[],
): Promise<PricedResource[]> {
  const found = await Promise.all([
    listInstancesAndVolumes(cloud),
    listLaunchResources(cloud),
    listOrphanedLoadBalancers(cloud),
    listDatabases(cloud.clients.rds, cloud.stackName).then((databases) =>
      databases.map((it) => ({
        about: `the database ${it.id}, ${it.status}`,
        monthly: monthlyDatabaseCost(it),
      })),
    ),
    listRoles(cloud, resources),
  ]);
  return found.flat();
}

async function listInstancesAndVolumes({
  clients: { ec2 },
  stackName,
}: CloudContext): Promise<PricedResource[]> {
  const filters = [tagFilter(STACK_TAG, stackName)];
  const [instances, volumes] = await Promise.all([
    listInstances(ec2, filters),
    listVolumes(ec2, filters),
  ]);
  return [
    ...instances
      .filter(({ state }) => state !== 'terminated')
      .map(({ id, state, type }) => ({
        about: `the instance ${id}, ${state}`,
        monthly: monthlyInstanceCost(type),
      })),
    ...volumes
      .filter(({ tags }) => !tags[WAREHOUSE_TAG])
      .map((it) => ({ about: `the volume ${it.id}, ${it.state}`, monthly: monthlyVolumeCost(it) })),
  ];
}

/**
 * Lists the resources for launching instances, which cost nothing: security groups, launch templates and Auto Scaling
 * groups.
 */
async function listLaunchResources({
  clients,
  stackName,
}: CloudContext): Promise<PricedResource[]> {
  const { ec2, autoScaling } = clients;
  const Filters = [tagFilter(STACK_TAG, stackName)];
  const [securityGroups, templateIds, scalingGroups] = await Promise.all([
    listSecurityGroups(ec2, Filters),
    listItems(
      'Cannot list the launch templates',
      paginateDescribeLaunchTemplates({ client: ec2 }, { Filters }),
      ({ LaunchTemplates }) => LaunchTemplates?.map((it) => it.LaunchTemplateId),
      z.string(),
    ),
    listItems(
      'Cannot list the Auto Scaling groups',
      paginateDescribeAutoScalingGroups({ client: autoScaling }, { Filters }),
      ({ AutoScalingGroups }) => AutoScalingGroups?.map((it) => it.AutoScalingGroupName),
      z.string(),
    ),
  ]);
  return [
    ...securityGroups.map(({ id, name }) => `the security group ${id} ${name}`),
    ...templateIds.map((id) => `the launch template ${id}`),
    ...scalingGroups.map((name) => `the Auto Scaling group ${name}`),
  ].map(toFreeResource);
}

async function listRoles(
  { clients: { iam } }: CloudContext,
  resources: StackResource[],
): Promise<PricedResource[]> {
  const orphans: string[] = [];
  for (const { type, id } of resources) {
    if (type === 'AWS::IAM::Role') {
      const request = iam.send(new GetRoleCommand({ RoleName: id }));
      if (await exists(`Cannot read the role ${id}`, request)) orphans.push(`the role ${id}`);
    }
    if (type === 'AWS::IAM::InstanceProfile') {
      const request = iam.send(new GetInstanceProfileCommand({ InstanceProfileName: id }));
      const attempt = `Cannot read the instance profile ${id}`;
      if (await exists(attempt, request)) orphans.push(`the instance profile ${id}`);
    }
  }
  return orphans.map(toFreeResource);
}

function toFreeResource(about: string): PricedResource {
  return { about, monthly: 0 };
}

async function exists(attempt: string, request: Promise<unknown>): Promise<boolean> {
  return (await nullIfAwsError('NoSuchEntity', withAwsError(attempt, request))) !== null;
}
