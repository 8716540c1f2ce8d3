import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  ListInstanceProfilesCommand,
  ListPoliciesCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import {
  DescribeDBInstancesCommand,
  DescribeDBParameterGroupsCommand,
  DescribeDBSnapshotsCommand,
  DescribeDBSubnetGroupsCommand,
} from '@aws-sdk/client-rds';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import type { CloudContext } from '../../../src/cloud/context.ts';

/**
 * Lists the ids of all resources in the account that cost or belong to MiniTwit, by kind, without empty kinds. Target
 * groups are not included, since the emulator's CloudFormation does not delete them.
 */
export async function listAccount({ clients }: CloudContext): Promise<Record<string, string[]>> {
  const { autoScaling, cloudFormation, ec2, iam, loadBalancing, rds, s3 } = clients;
  const own = { OwnerIds: ['self'] };
  const [instances, volumes, groups, templates, snapshots, images] = await Promise.all([
    ec2.send(new DescribeInstancesCommand()),
    ec2.send(new DescribeVolumesCommand()),
    ec2.send(new DescribeSecurityGroupsCommand()),
    ec2.send(new DescribeLaunchTemplatesCommand()),
    ec2.send(new DescribeSnapshotsCommand(own)),
    ec2.send(new DescribeImagesCommand({ Owners: ['self'] })),
  ]);
  const [scaling, balancers, stacks, buckets] = await Promise.all([
    autoScaling.send(new DescribeAutoScalingGroupsCommand()),
    loadBalancing.send(new DescribeLoadBalancersCommand()),
    cloudFormation.send(new DescribeStacksCommand()),
    s3.send(new ListBucketsCommand()),
  ]);
  const [databases, databaseSnapshots, subnets, settings] = await Promise.all([
    rds.send(new DescribeDBInstancesCommand()),
    rds.send(new DescribeDBSnapshotsCommand()),
    rds.send(new DescribeDBSubnetGroupsCommand()),
    rds.send(new DescribeDBParameterGroupsCommand()),
  ]);
  const [roles, profiles, policies] = await Promise.all([
    iam.send(new ListRolesCommand()),
    iam.send(new ListInstanceProfilesCommand()),
    iam.send(new ListPoliciesCommand({ Scope: 'Local' })),
  ]);
  const alive = instances.Reservations?.flatMap((it) => it.Instances ?? []).filter(
    ({ State }) => State?.Name !== 'terminated',
  );
  const found: Record<string, (string | undefined)[] | undefined> = {
    instances: alive?.map((it) => it.InstanceId),
    volumes: volumes.Volumes?.map((it) => it.VolumeId),
    groups: groups.SecurityGroups?.map((it) => it.GroupName).filter((it) => it !== 'default'),
    templates: templates.LaunchTemplates?.map((it) => it.LaunchTemplateId),
    // The emulator has some of Amazon's images, and lists their snapshots as the account's own.
    snapshots: snapshots.Snapshots?.filter(
      ({ Description, Tags = [] }) =>
        Tags.length > 0 || !Description?.startsWith('Auto-created snapshot for AMI'),
    ).map((it) => it.SnapshotId),
    images: images.Images?.map((it) => it.ImageId),
    scaling: scaling.AutoScalingGroups?.map((it) => it.AutoScalingGroupName),
    balancers: balancers.LoadBalancers?.map((it) => it.LoadBalancerName),
    stacks: stacks.Stacks?.map((it) => it.StackName),
    buckets: buckets.Buckets?.map((it) => it.Name),
    databases: databases.DBInstances?.map((it) => it.DBInstanceIdentifier),
    databaseSnapshots: databaseSnapshots.DBSnapshots?.map((it) => it.DBSnapshotIdentifier),
    subnets: subnets.DBSubnetGroups?.map((it) => it.DBSubnetGroupName),
    settings: settings.DBParameterGroups?.map((it) => it.DBParameterGroupName).filter(
      (it) => !it?.startsWith('default'),
    ),
    roles: roles.Roles?.filter((it) => !it.Path?.startsWith('/aws-service-role')).map(
      (it) => it.RoleName,
    ),
    profiles: profiles.InstanceProfiles?.map((it) => it.InstanceProfileName),
    // The boundary belongs to the administrator.
    policies: policies.Policies?.map((it) => it.PolicyName).filter(
      (it) => it !== 'minitwit-boundary',
    ),
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([kind, ids]) =>
      ids && ids.length > 0 ? [[kind, ids.map(String)]] : [],
    ),
  );
}

/** Expects that the account is empty. */
export async function expectEmptyAccount(cloud: CloudContext): Promise<void> {
  expect(await listAccount(cloud)).toEqual({});
}
