import type {
  StartInstanceRefreshCommandInput,
  UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import type { RunInstancesCommandInput, TagSpecification } from '@aws-sdk/client-ec2';
import { passRole } from './iam-listers.ts';
import { type Account, type Lister, prefixed } from './listers.ts';
import type { IamRequest } from './simulate.ts';

const TYPES: Record<string, string> = {
  ami: 'image',
  i: 'instance',
  lt: 'launch-template',
  sg: 'security-group',
  snap: 'snapshot',
  subnet: 'subnet',
  vol: 'volume',
  vpc: 'vpc',
};

/** Returns the ARN of a resource of EC2. Images and snapshots belong to no account in ARNs. */
export function ec2Arn({ id, region }: Account, type: string, resourceId: string): string {
  const account = /^(image|snapshot)$/.test(type) ? '' : id;
  return `arn:aws:ec2:${region}:${account}:${type}/${resourceId}`;
}

/** Returns the request of an action on an existing resource of EC2. */
async function onEc2(action: string, id = '', account: Account): Promise<IamRequest> {
  const type = TYPES[id.split('-')[0] ?? ''];
  if (!type) throw new Error(`This test does not know the type of ${id}.`);
  const context = prefixed('aws:ResourceTag', await account.readTags(id));
  return { action, resource: ec2Arn(account, type, id), context };
}

/** Returns a lister of a request on the resources whose ids are in these fields of the input. */
const onId =
  (...keys: string[]): Lister =>
  async (action, input: Record<string, string | string[]>, account) =>
    Promise.all(keys.flatMap((key) => input[key] ?? '').map((id) => onEc2(action, id, account)));

/** Returns the requests of an action that creates resources of EC2 with tags. */
function createInEc2(
  action: string,
  specifications: TagSpecification[] = [],
  account: Account,
): IamRequest[] {
  return specifications.flatMap(({ ResourceType = 'instance', Tags = [] }) => {
    const resource = ec2Arn(account, ResourceType, 'new');
    const tags = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
    const context = prefixed('aws:RequestTag', tags);
    const createAction = { 'ec2:CreateAction': action.split(':')[1] ?? '' };
    return [
      { action, resource, context },
      { action: 'ec2:CreateTags', resource, context: { ...context, ...createAction } },
    ];
  });
}

/** Returns a lister of the creation of resources from the one whose id is in a field of the input, if it is set. */
const createFrom =
  (key: string): Lister =>
  async (action, input: Record<string, string> & Tagged, account) => [
    ...(input[key] === undefined ? [] : [await onEc2(action, input[key], account)]),
    ...createInEc2(action, input.TagSpecifications, account),
  ];

interface Tagged {
  TagSpecifications?: TagSpecification[];
}

type GroupInput = StartInstanceRefreshCommandInput & UpdateAutoScalingGroupCommandInput;

/** Lists the requests of an action on an Auto Scaling group. */
const onGroup: Lister = async (action, input: GroupInput, account) => {
  const { AutoScalingGroupName: name, DesiredConfiguration = input } = input;
  const specification =
    DesiredConfiguration.LaunchTemplate ??
    DesiredConfiguration.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  const { id, region } = account;
  const group = `autoScalingGroup:1a2b:autoScalingGroupName/${name}`;
  const resource = `arn:aws:autoscaling:${region}:${id}:${group}`;
  return [
    { action, resource },
    ...(specification ? await launchFrom(specification.LaunchTemplateId, account) : []),
  ];
};

/** Lists the requests for instances of a launch template of a stack. AWS checks them before a group uses it. */
async function launchFrom(templateId: string | undefined, account: Account): Promise<IamRequest[]> {
  const Tags = [{ Key: 'minitwit:stack', Value: 'minitwit' }];
  const created = (['instance', 'volume'] as const).map((ResourceType) => ({ ResourceType, Tags }));
  return [
    await onEc2('ec2:RunInstances', templateId, account),
    ...createInEc2('ec2:RunInstances', created, account),
    {
      action: 'iam:PassRole',
      resource: `arn:aws:iam::${account.id}:role/minitwit-InstanceRole-1A2B3C`,
      context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    },
  ];
}

/** Lists the requests for the launch of an instance. */
async function listLaunch(
  action: string,
  input: RunInstancesCommandInput,
  account: Account,
): Promise<IamRequest[]> {
  const network = input.NetworkInterfaces?.[0];
  const groups = network?.Groups ?? input.SecurityGroupIds ?? [];
  const existing = [input.ImageId, network?.SubnetId ?? input.SubnetId, ...groups];
  const untagged = [
    ec2Arn(account, 'network-interface', 'new'),
    ...(input.KeyName ? [ec2Arn(account, 'key-pair', input.KeyName)] : []),
    ...(input.InstanceMarketOptions ? [ec2Arn(account, 'spot-instances-request', 'new')] : []),
  ];
  return [
    ...(await Promise.all(existing.map((id) => onEc2(action, id, account)))),
    ...untagged.map((resource) => ({ action, resource })),
    ...createInEc2(action, input.TagSpecifications, account),
    ...(await passProfile(input.IamInstanceProfile?.Name, account)),
  ];
}

async function passProfile(name: string | undefined, account: Account): Promise<IamRequest[]> {
  if (name === undefined) return [];
  const { role } = await account.readInstanceProfile(name);
  return [await passRole(role, account)];
}

/** The listers of the requests to EC2 and Auto Scaling. */
export const EC2_LISTERS: Record<string, Lister> = {
  'autoscaling:StartInstanceRefresh': onGroup,
  'autoscaling:UpdateAutoScalingGroup': onGroup,
  'ec2:AttachVolume': onId('InstanceId', 'VolumeId'),
  'ec2:CreateImage': createFrom('InstanceId'),
  'ec2:CreateLaunchTemplateVersion': onId('LaunchTemplateId'),
  'ec2:CreateSecurityGroup': createFrom('VpcId'),
  'ec2:CreateSnapshot': createFrom('VolumeId'),
  'ec2:CreateTags': onId('Resources'),
  'ec2:CreateVolume': createFrom('SnapshotId'),
  'ec2:DeleteLaunchTemplateVersions': onId('LaunchTemplateId'),
  'ec2:DeleteSecurityGroup': onId('GroupId'),
  'ec2:DeleteSnapshot': onId('SnapshotId'),
  'ec2:DeleteVolume': onId('VolumeId'),
  'ec2:DeregisterImage': onId('ImageId'),
  'ec2:DetachVolume': onId('InstanceId', 'VolumeId'),
  'ec2:GetConsoleOutput': onId('InstanceId'),
  'ec2:RunInstances': listLaunch,
  'ec2:StopInstances': onId('InstanceIds'),
  'ec2:TerminateInstances': onId('InstanceIds'),
};
