import type {
  StartInstanceRefreshCommandInput,
  UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import type {
  CreateImageCommandInput,
  CreateSecurityGroupCommandInput,
  CreateTagsCommandInput,
  RunInstancesCommandInput,
  TagSpecification,
} from '@aws-sdk/client-ec2';
import type { CreateDBSnapshotCommandInput } from '@aws-sdk/client-rds';
import type { IamRequest } from './simulate.ts';

/** A request of the AWS SDK. */
export interface SdkRequest {
  /** `ec2:RunInstances`, with IAM's name of the service. */
  name: string;
  input: object;
}

/** The facts about an account on which IAM decides. */
export interface Account {
  id: string;
  region: string;
  /** Returns the tags of a resource of EC2 or of a load balancer, by its id or ARN. */
  readTags: (id: string) => Promise<Record<string, string>>;
  /** Returns the ARN of a role and that of its permissions boundary. */
  readRole: (name: string) => Promise<{ arn: string; boundary: string | null }>;
  /** Returns the ARN of an instance profile and the name of its role. */
  readInstanceProfile: (name: string) => Promise<{ arn: string; role: string }>;
}

type Lister = (input: never, account: Account) => IamRequest[] | Promise<IamRequest[]>;

/**
 * Lists the requests that a request of the SDK is for IAM: one for each action and resource that it needs.
 * @returns null if this file does not know the request
 */
export async function listIamRequests(
  { name, input }: SdkRequest,
  account: Account,
): Promise<IamRequest[] | null> {
  const [, method = ''] = name.split(':');
  const list = LISTERS[name];
  if (list) return await list(input as never, account);
  // Actions that describe resources have no resources themselves.
  return /^(Describe|List)/.test(method) ? [{ action: name, resource: '*' }] : null;
}

const prefixed = (prefix: string, tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));

/** Returns the ARN of a resource of EC2. Images and snapshots belong to no account in ARNs. */
function ec2Arn({ id, region }: Account, type: string, resourceId: string): string {
  const account = /^(image|snapshot)$/.test(type) ? '' : id;
  return `arn:aws:ec2:${region}:${account}:${type}/${resourceId}`;
}

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

/** Returns the request of an action on an existing resource of EC2. */
async function onEc2(action: string, id = '', account: Account): Promise<IamRequest> {
  const type = TYPES[id.split('-')[0] ?? ''];
  if (!type) throw new Error(`This test does not know the type of ${id}.`);
  const context = prefixed('aws:ResourceTag', await account.readTags(id));
  return { action, resource: ec2Arn(account, type, id), context };
}

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

async function passRole(name: string, { readRole }: Account): Promise<IamRequest> {
  const { arn } = await readRole(name);
  const context = { 'iam:PassedToService': 'ec2.amazonaws.com' };
  return { action: 'iam:PassRole', resource: arn, context };
}

const onRole =
  (action: string): Lister =>
  async ({ RoleName }: { RoleName: string }, { readRole }) => {
    const { arn, boundary } = await readRole(RoleName);
    const context = boundary === null ? {} : { 'iam:PermissionsBoundary': boundary };
    return [{ action, resource: arn, context }];
  };

const onProfile =
  (action: string): Lister =>
  async ({ InstanceProfileName }: { InstanceProfileName: string }, { readInstanceProfile }) => {
    const { arn } = await readInstanceProfile(InstanceProfileName);
    return [{ action, resource: arn }];
  };

const onStack =
  (action: string): Lister =>
  ({ StackName }: { StackName: string }, { id, region }) => {
    const arn = `arn:aws:cloudformation:${region}:${id}:stack/${StackName}/1a2b`;
    return [{ action, resource: StackName.startsWith('arn:') ? StackName : arn }];
  };

const onBucket =
  (action: string): Lister =>
  ({ Bucket }: { Bucket: string }) => [{ action, resource: `arn:aws:s3:::${Bucket}` }];

const onObject =
  (action: string): Lister =>
  ({ Bucket, Key }: { Bucket: string; Key: string }) => [
    { action, resource: `arn:aws:s3:::${Bucket}/${Key}` },
  ];

const onId =
  (action: string, key: string): Lister =>
  async (input: Record<string, string | string[]>, account) =>
    Promise.all([input[key] ?? ''].flat().map((id) => onEc2(action, id, account)));

// CloudFormation gives the secrets of a stack its tags. On the emulator, their ids are no ARNs.
const onSecret =
  (action: string): Lister =>
  ({ SecretId }: { SecretId: string }, { id, region }) => {
    const name = SecretId.startsWith('arn:') ? SecretId.split(':')[6] : SecretId;
    const resource = `arn:aws:secretsmanager:${region}:${id}:secret:${name}`;
    return [{ action, resource, context: { 'aws:ResourceTag/minitwit:stack': 'minitwit' } }];
  };

/** Lists the requests of an action of Systems Manager on an instance, by a document. */
const onInstance =
  (action: string): Lister =>
  async (input: { DocumentName?: string; InstanceIds?: string[]; Target?: string }, account) => {
    const { DocumentName = 'SSM-SessionManagerRunShell', InstanceIds, Target } = input;
    const instanceId = Target ?? InstanceIds?.[0] ?? '';
    const document = `arn:aws:ssm:${account.region}:${account.id}:document/${DocumentName}`;
    const resource = ec2Arn(account, 'instance', instanceId);
    const context = prefixed('ssm:resourceTag', await account.readTags(instanceId));
    return [
      { action, resource: document },
      { action, resource, context },
    ];
  };

/** Returns the actions of a request that has no resource, or whose resource is any. */
const onAny =
  (action: string): Lister =>
  () => [{ action, resource: '*' }];

/** Returns the action of a request on an Auto Scaling group. */
const onGroup =
  (action: string): Lister =>
  async (input: GroupInput, account) => {
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

type GroupInput = StartInstanceRefreshCommandInput & UpdateAutoScalingGroupCommandInput;

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

const LISTERS: Record<string, Lister> = {
  'autoscaling:StartInstanceRefresh': onGroup('autoscaling:StartInstanceRefresh'),
  'autoscaling:UpdateAutoScalingGroup': onGroup('autoscaling:UpdateAutoScalingGroup'),
  'ce:GetCostAndUsage': onAny('ce:GetCostAndUsage'),
  'cloudformation:CreateChangeSet': async (input: { StackName: string }, account) => [
    ...(await onStack('cloudformation:CreateChangeSet')(input as never, account)),
    ...(await onStack('cloudformation:TagResource')(input as never, account)),
  ],
  'cloudformation:DeleteChangeSet': onStack('cloudformation:DeleteChangeSet'),
  'cloudformation:DeleteStack': onStack('cloudformation:DeleteStack'),
  'cloudformation:ExecuteChangeSet': onStack('cloudformation:ExecuteChangeSet'),
  'cloudformation:UpdateTerminationProtection': onStack(
    'cloudformation:UpdateTerminationProtection',
  ),
  'cloudformation:ValidateTemplate': onAny('cloudformation:ValidateTemplate'),
  'ec2:CreateImage': async (
    { InstanceId, TagSpecifications }: CreateImageCommandInput,
    account,
  ) => [
    await onEc2('ec2:CreateImage', InstanceId, account),
    ...createInEc2('ec2:CreateImage', TagSpecifications, account),
  ],
  'ec2:CreateLaunchTemplateVersion': onId('ec2:CreateLaunchTemplateVersion', 'LaunchTemplateId'),
  'ec2:CreateSecurityGroup': async (
    { VpcId, TagSpecifications }: CreateSecurityGroupCommandInput,
    account,
  ) => [
    await onEc2('ec2:CreateSecurityGroup', VpcId, account),
    ...createInEc2('ec2:CreateSecurityGroup', TagSpecifications, account),
  ],
  'ec2:CreateTags': ({ Resources = [] }: CreateTagsCommandInput, account) =>
    Promise.all(Resources.map((id) => onEc2('ec2:CreateTags', id, account))),
  'ec2:DeleteLaunchTemplateVersions': onId('ec2:DeleteLaunchTemplateVersions', 'LaunchTemplateId'),
  'ec2:DeleteSecurityGroup': onId('ec2:DeleteSecurityGroup', 'GroupId'),
  'ec2:DeleteSnapshot': onId('ec2:DeleteSnapshot', 'SnapshotId'),
  'ec2:DeleteVolume': onId('ec2:DeleteVolume', 'VolumeId'),
  'ec2:DeregisterImage': onId('ec2:DeregisterImage', 'ImageId'),
  'ec2:GetConsoleOutput': onId('ec2:GetConsoleOutput', 'InstanceId'),
  'ec2:RunInstances': async (
    { ImageId, NetworkInterfaces, IamInstanceProfile, TagSpecifications }: RunInstancesCommandInput,
    account,
  ) => {
    const network = NetworkInterfaces?.[0];
    const { role } = await account.readInstanceProfile(IamInstanceProfile?.Name ?? '');
    const existing = [ImageId, network?.SubnetId, ...(network?.Groups ?? [])];
    return [
      ...(await Promise.all(existing.map((id) => onEc2('ec2:RunInstances', id, account)))),
      { action: 'ec2:RunInstances', resource: ec2Arn(account, 'network-interface', 'new') },
      ...createInEc2('ec2:RunInstances', TagSpecifications, account),
      await passRole(role, account),
    ];
  },
  'ec2:StopInstances': onId('ec2:StopInstances', 'InstanceIds'),
  'ec2:TerminateInstances': onId('ec2:TerminateInstances', 'InstanceIds'),
  'elasticloadbalancing:ModifyLoadBalancerAttributes': async (
    { LoadBalancerArn }: { LoadBalancerArn: string },
    { readTags },
  ) => [
    {
      action: 'elasticloadbalancing:ModifyLoadBalancerAttributes',
      resource: LoadBalancerArn,
      context: prefixed('aws:ResourceTag', await readTags(LoadBalancerArn)),
    },
  ],
  'iam:AddRoleToInstanceProfile': async (
    input: { InstanceProfileName: string; RoleName: string },
    account,
  ) => [
    ...(await onProfile('iam:AddRoleToInstanceProfile')(input as never, account)),
    await passRole(input.RoleName, account),
  ],
  'iam:CreateInstanceProfile': (
    { Path = '/', InstanceProfileName }: { Path?: string; InstanceProfileName: string },
    { id },
  ) =>
    ['iam:CreateInstanceProfile', 'iam:TagInstanceProfile'].map((action) => ({
      action,
      resource: `arn:aws:iam::${id}:instance-profile${Path}${InstanceProfileName}`,
    })),
  'iam:CreateRole': (
    input: { Path?: string; RoleName: string; PermissionsBoundary?: string },
    { id },
  ) =>
    ['iam:CreateRole', 'iam:TagRole'].map((action) => ({
      action,
      resource: `arn:aws:iam::${id}:role${input.Path ?? '/'}${input.RoleName}`,
      context: input.PermissionsBoundary
        ? { 'iam:PermissionsBoundary': input.PermissionsBoundary }
        : {},
    })),
  'iam:DeleteInstanceProfile': onProfile('iam:DeleteInstanceProfile'),
  'iam:DeleteRole': onRole('iam:DeleteRole'),
  'iam:DeleteRolePolicy': onRole('iam:DeleteRolePolicy'),
  'iam:GetInstanceProfile': onProfile('iam:GetInstanceProfile'),
  'iam:GetPolicy': ({ PolicyArn }: { PolicyArn: string }) => [
    { action: 'iam:GetPolicy', resource: PolicyArn },
  ],
  'iam:GetRole': onRole('iam:GetRole'),
  'iam:PutRolePolicy': onRole('iam:PutRolePolicy'),
  'iam:RemoveRoleFromInstanceProfile': onProfile('iam:RemoveRoleFromInstanceProfile'),
  'logs:FilterLogEvents': ({ logGroupName }: { logGroupName: string }, { id, region }) => [
    {
      action: 'logs:FilterLogEvents',
      resource: `arn:aws:logs:${region}:${id}:log-group:${logGroupName}`,
    },
  ],
  'iam:SimulatePrincipalPolicy': ({ PolicySourceArn }: { PolicySourceArn: string }) => [
    { action: 'iam:SimulatePrincipalPolicy', resource: PolicySourceArn },
  ],
  'rds:CreateDBSnapshot': (
    { DBInstanceIdentifier, DBSnapshotIdentifier }: CreateDBSnapshotCommandInput,
    { id, region },
  ) => {
    const snapshot = `arn:aws:rds:${region}:${id}:snapshot:${DBSnapshotIdentifier}`;
    return [
      {
        action: 'rds:CreateDBSnapshot',
        resource: `arn:aws:rds:${region}:${id}:db:${DBInstanceIdentifier}`,
      },
      { action: 'rds:CreateDBSnapshot', resource: snapshot },
      { action: 'rds:AddTagsToResource', resource: snapshot },
    ];
  },
  // AWS generates the ids of automated backups.
  'rds:DeleteDBInstanceAutomatedBackup': (_: object, { id, region }) => [
    {
      action: 'rds:DeleteDBInstanceAutomatedBackup',
      resource: `arn:aws:rds:${region}:${id}:auto-backup:ab-1a2b`,
    },
  ],
  'rds:ModifyDBInstance': (
    { DBInstanceIdentifier }: { DBInstanceIdentifier: string },
    { id, region },
  ) => [
    {
      action: 'rds:ModifyDBInstance',
      resource: `arn:aws:rds:${region}:${id}:db:${DBInstanceIdentifier}`,
    },
  ],
  'rds:DeleteDBSnapshot': (
    { DBSnapshotIdentifier }: { DBSnapshotIdentifier: string },
    { id, region },
  ) => [
    {
      action: 'rds:DeleteDBSnapshot',
      resource: `arn:aws:rds:${region}:${id}:snapshot:${DBSnapshotIdentifier}`,
    },
  ],
  'route53:GetHostedZone': ({ Id }: { Id: string }) => [
    { action: 'route53:GetHostedZone', resource: `arn:aws:route53:::hostedzone/${Id}` },
  ],
  'route53:ListResourceRecordSets': ({ HostedZoneId }: { HostedZoneId: string }) => [
    {
      action: 'route53:ListResourceRecordSets',
      resource: `arn:aws:route53:::hostedzone/${HostedZoneId}`,
    },
  ],
  's3:CreateBucket': onBucket('s3:CreateBucket'),
  's3:DeleteBucket': onBucket('s3:DeleteBucket'),
  's3:DeleteObject': onObject('s3:DeleteObject'),
  's3:DeleteObjects': ({ Bucket }: { Bucket: string }) =>
    ['s3:DeleteObject', 's3:DeleteObjectVersion'].map((action) => ({
      action,
      resource: `arn:aws:s3:::${Bucket}/key`,
    })),
  's3:GetBucketTagging': onBucket('s3:GetBucketTagging'),
  's3:GetObject': onObject('s3:GetObject'),
  's3:ListBuckets': onAny('s3:ListAllMyBuckets'),
  's3:ListObjectVersions': onBucket('s3:ListBucketVersions'),
  's3:PutObject': onObject('s3:PutObject'),
  'servicequotas:GetServiceQuota': (
    { ServiceCode, QuotaCode }: { ServiceCode: string; QuotaCode: string },
    { id, region },
  ) => [
    {
      action: 'servicequotas:GetServiceQuota',
      resource: `arn:aws:servicequotas:${region}:${id}:${ServiceCode}/${QuotaCode}`,
    },
  ],
  'ssm:GetCommandInvocation': onAny('ssm:GetCommandInvocation'),
  'secretsmanager:DescribeSecret': onSecret('secretsmanager:DescribeSecret'),
  'secretsmanager:GetSecretValue': onSecret('secretsmanager:GetSecretValue'),
  'secretsmanager:PutSecretValue': onSecret('secretsmanager:PutSecretValue'),
  'secretsmanager:UpdateSecretVersionStage': onSecret('secretsmanager:UpdateSecretVersionStage'),
  'ssm:SendCommand': onInstance('ssm:SendCommand'),
  'ssm:StartSession': onInstance('ssm:StartSession'),
  'ssm:TerminateSession': ({ SessionId }: { SessionId: string }, { id, region }) => [
    {
      action: 'ssm:TerminateSession',
      resource: `arn:aws:ssm:${region}:${id}:session/${SessionId}`,
    },
  ],
  // AWS allows this to every caller.
  'sts:GetCallerIdentity': () => [],
};

/** Returns whether `listIamRequests` knows a request. */
export function isKnown(name: string): boolean {
  return name in LISTERS || /:(Describe|List)/.test(name);
}
