import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient, ListPoliciesCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import {
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeDBSubnetGroupsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { emulate } from '../emulated.ts';

const NAME = 'minitwit';
const OUTPUTS = [
  'Address',
  'BalancerName',
  'DatabaseEndpoint',
  'DatabaseId',
  'DatabasePassword',
  'Instances',
  'LaunchTemplate',
  'Logs',
  'MasterSecret',
  'ReaderPassword',
  'ServerLog',
  'Targets',
  'UnhealthyAlarm',
  'WarehouseBucket',
  'WarehouseCatalog',
  'WarehouseSecurityGroup',
  'WarehouseVolumeId',
  'WarehouseWorkgroup',
];
const EVERYTHING = {
  CertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/abc',
  AlarmEmail: 'alice@example.com',
  WarehouseVolumeGib: '8',
  WarehouseZone: 'us-east-1a',
  WarehouseSchedule: 'cron(0 3 ? * SUN *)',
  WarehouseImageId: 'ami-0123456789abcdef0',
};

test('a change set creates and updates the stack, and a deletion removes every resource', async () => {
  const account = await openEmulatedAccount();
  emulate(account);
  const given = { ...(await chooseParameters()), ...EVERYTHING };
  await change('CREATE', given);
  expect(await events()).toContainEqual(['Database', 'CREATE_COMPLETE']);
  const { Outputs: outputs, Tags } = await readState();
  expect(Object.keys(outputs).toSorted()).toEqual(OUTPUTS);
  expect(outputs.Address).toMatch(/^https:\/\/.*amazonaws\.com$/);
  expect(Tags).toEqual([{ Key: 'minitwit:stack', Value: NAME }]);
  const before = await listInstances();
  expect(before.map(({ State }) => State?.Name)).toEqual(['running', 'running']);

  // An update does not replace the instances.
  await change('UPDATE', { ...given, ImageId: 'ami-0000000000000002', SetUp: 'no' });
  expect(await events()).toContainEqual(['SetUpPolicy', 'DELETE_COMPLETE']);
  expect((await listInstances()).map(({ InstanceId }) => InstanceId)).toEqual(
    before.map(({ InstanceId }) => InstanceId),
  );
  await refresh(outputs.Instances);
  const after = await listInstances();
  expect(after.map(({ ImageId }) => ImageId)).toEqual(Array(2).fill('ami-0000000000000002'));

  const database = outputs.DatabaseId;
  await change('UPDATE', { ...given, DatabaseSnapshot: 'minitwit-of-yesterday' });
  const restored = await readState();
  expect(restored.Outputs.DatabaseId).not.toBe(database);
  expect(await listDatabases()).toEqual([restored.Outputs.DatabaseId]);
  expect(await lastUserData(restored.Outputs.LaunchTemplate)).toContain(
    `export DB_HOST='${restored.Outputs.DatabaseEndpoint}'`,
  );

  await cloudFormation().send(new DeleteStackCommand({ StackName: NAME }));
  await until('DELETE_COMPLETE', restored.StackId);
  await expect(readState()).rejects.toThrow('does not exist');
  expect(await listWhatIsThere()).toEqual({
    instances: 0,
    groups: ['default'],
    balancers: 0,
    roles: 0,
    policies: 0,
    databases: 0,
    subnetGroups: 0,
    // The resources that the template retains.
    volumes: 1,
    snapshots: 2,
    buckets: 1,
  });
});

test('a failing stack rolls back and reports the reason', async () => {
  const account = await openEmulatedAccount();
  const emulated = emulate(account);
  emulated.fault = { resource: 'Database', reason: 'You have reached your quota.' };
  await change('CREATE', await chooseParameters(), 'ROLLBACK_COMPLETE');
  expect(await events()).toContainEqual(['Database', 'CREATE_FAILED']);
  expect((await listDatabases()).length).toBe(0);
});

const cloudFormation = () => new CloudFormationClient();

async function chooseParameters(): Promise<Record<string, string>> {
  const { Subnets = [] } = await new EC2Client().send(new DescribeSubnetsCommand({}));
  return {
    ImageId: 'ami-0000000000000001',
    InstanceTypes: 't3.micro',
    VpcId: Subnets[0]?.VpcId ?? '',
    SubnetIds: Subnets.slice(0, 2)
      .map(({ SubnetId }) => SubnetId)
      .join(','),
  };
}

let changes = 0;

async function change(
  ChangeSetType: 'CREATE' | 'UPDATE',
  parameters: Record<string, string>,
  end = `${ChangeSetType}_COMPLETE`,
): Promise<void> {
  const { Id = '', StackId = '' } = await cloudFormation().send(
    new CreateChangeSetCommand({
      StackName: NAME,
      ChangeSetName: `change-${(changes += 1)}`,
      ChangeSetType,
      TemplateBody: await renderTemplate(),
      Capabilities: ['CAPABILITY_IAM'],
      Tags: [{ Key: 'minitwit:stack', Value: NAME }],
      Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
    }),
  );
  const describe = new DescribeChangeSetCommand({ ChangeSetName: Id });
  expect((await cloudFormation().send(describe)).Status).toBe('CREATE_IN_PROGRESS');
  expect((await cloudFormation().send(describe)).Status).toBe('CREATE_COMPLETE');
  await cloudFormation().send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
  await until(end, StackId);
}

/** Polls until the stack is in a status; fails after five polls. */
async function until(status: string, stackId: string | undefined): Promise<void> {
  const seen: (string | undefined)[] = [];
  while (seen.length < 5 && seen.at(-1) !== status)
    seen.push((await readState(stackId)).StackStatus);
  expect(seen.at(-1)).toBe(status);
  expect(seen.length).toBeGreaterThan(1);
}

async function readState(StackName = NAME) {
  const { Stacks = [] } = await cloudFormation().send(new DescribeStacksCommand({ StackName }));
  const outputs = (Stacks[0]?.Outputs ?? []).map(
    ({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue] as const,
  );
  return { ...Stacks[0], Outputs: Object.fromEntries(outputs) as Record<string, string> };
}

async function events() {
  const { StackEvents = [] } = await cloudFormation().send(
    new DescribeStackEventsCommand({ StackName: NAME }),
  );
  return StackEvents.map(({ LogicalResourceId, ResourceStatus }) => [
    LogicalResourceId,
    ResourceStatus,
  ]);
}

async function refresh(AutoScalingGroupName: string | undefined): Promise<void> {
  const client = new AutoScalingClient();
  await client.send(new StartInstanceRefreshCommand({ AutoScalingGroupName }));
  const statuses: (string | undefined)[] = [];
  while (statuses.length < 8 && statuses.at(-1) !== 'Successful') {
    const described = new DescribeInstanceRefreshesCommand({ AutoScalingGroupName });
    statuses.push((await client.send(described)).InstanceRefreshes?.[0]?.Status);
  }
  expect(new Set(statuses)).toEqual(new Set(['InProgress', 'Successful']));
  const groups = await client.send(new DescribeAutoScalingGroupsCommand({}));
  const policy = groups.AutoScalingGroups?.[0]?.MixedInstancesPolicy;
  expect(policy?.LaunchTemplate?.LaunchTemplateSpecification?.Version).toBe('2');
}

async function listInstances() {
  const { Reservations = [] } = await new EC2Client().send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances = [] }) => Instances).filter(
    ({ State }) => State?.Name !== 'terminated',
  );
}

async function listDatabases() {
  const { DBInstances = [] } = await new RDSClient().send(new DescribeDBInstancesCommand({}));
  return DBInstances.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier);
}

async function lastUserData(LaunchTemplateId: string | undefined): Promise<string> {
  const { LaunchTemplateVersions = [] } = await new EC2Client().send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: ['$Latest'] }),
  );
  const data = LaunchTemplateVersions[0]?.LaunchTemplateData?.UserData ?? '';
  return Buffer.from(data, 'base64').toString();
}

async function listWhatIsThere() {
  const ec2 = new EC2Client();
  const rds = new RDSClient();
  const iam = new IAMClient();
  const balancing = new ElasticLoadBalancingV2Client();
  const groups = await ec2.send(new DescribeSecurityGroupsCommand({}));
  return {
    instances: (await listInstances()).length,
    groups: groups.SecurityGroups?.map(({ GroupName }) => GroupName),
    balancers: (await balancing.send(new DescribeLoadBalancersCommand({}))).LoadBalancers?.length,
    roles: (await iam.send(new ListRolesCommand({}))).Roles?.length,
    policies: (await iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies?.length,
    databases: (await listDatabases()).length,
    subnetGroups: (await rds.send(new DescribeDBSubnetGroupsCommand({}))).DBSubnetGroups?.length,
    volumes: (await ec2.send(new DescribeVolumesCommand({}))).Volumes?.length,
    snapshots: (await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots?.length,
    buckets: (await new S3Client({ forcePathStyle: true }).send(new ListBucketsCommand({}))).Buckets
      ?.length,
  };
}
