import { DATA_LISTERS } from './data-listers.ts';
import { EC2_LISTERS, ec2Arn } from './ec2-listers.ts';
import { IAM_LISTERS } from './iam-listers.ts';
import { type Account, type Lister, onAny, onArn, prefixed, withActions } from './listers.ts';
import type { IamRequest } from './simulate.ts';

/** A request of the AWS SDK. */
export interface SdkRequest {
  /** `ec2:RunInstances`, with IAM's name of the service. */
  name: string;
  input: object;
}

/**
 * Lists the requests that a request of the SDK is for IAM: one for each action and resource that it needs.
 * @returns null if no lister knows the request
 */
export async function listIamRequests(
  { name, input }: SdkRequest,
  account: Account,
): Promise<IamRequest[] | null> {
  const list = findLister(name);
  return list && (await list(name, input as never, account));
}

/** Returns whether `listIamRequests` knows a request. */
export function isKnown(name: string): boolean {
  return findLister(name) !== null;
}

function findLister(name: string): Lister | null {
  // Actions that describe resources have no resources themselves.
  return LISTERS[name] ?? (/:(Describe|List)/.test(name) ? onAny : null);
}

const onStack = onArn(({ StackName }: { StackName: string }, { id, region }) =>
  StackName.startsWith('arn:')
    ? StackName
    : `arn:aws:cloudformation:${region}:${id}:stack/${StackName}/1a2b`,
);

/** Lists the requests of an action of Systems Manager on an instance, by a document. */
const onInstance: Lister = async (
  action,
  input: { DocumentName?: string; InstanceIds?: string[]; Target?: string },
  account,
) => {
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

const onBalancer: Lister = async (
  action,
  { LoadBalancerArn }: { LoadBalancerArn: string },
  { readTags },
) => [
  {
    action,
    resource: LoadBalancerArn,
    context: prefixed('aws:ResourceTag', await readTags(LoadBalancerArn)),
  },
];

const LISTERS: Record<string, Lister> = {
  ...DATA_LISTERS,
  ...EC2_LISTERS,
  ...IAM_LISTERS,
  'ce:GetCostAndUsage': onAny,
  'cloudformation:CreateChangeSet': withActions(
    ['cloudformation:CreateChangeSet', 'cloudformation:TagResource'],
    onStack,
  ),
  'cloudformation:DeleteChangeSet': onStack,
  'cloudformation:DeleteStack': onStack,
  'cloudformation:ExecuteChangeSet': onStack,
  'cloudformation:UpdateTerminationProtection': onStack,
  'cloudformation:ValidateTemplate': onAny,
  'elasticloadbalancing:ModifyLoadBalancerAttributes': onBalancer,
  'route53:GetHostedZone': onArn(({ Id }: { Id: string }) => `arn:aws:route53:::hostedzone/${Id}`),
  'route53:ListResourceRecordSets': onArn(
    ({ HostedZoneId }: { HostedZoneId: string }) => `arn:aws:route53:::hostedzone/${HostedZoneId}`,
  ),
  'servicequotas:GetServiceQuota': onArn(
    ({ ServiceCode, QuotaCode }: { ServiceCode: string; QuotaCode: string }, { id, region }) =>
      `arn:aws:servicequotas:${region}:${id}:${ServiceCode}/${QuotaCode}`,
  ),
  'ssm:GetCommandInvocation': onAny,
  'ssm:SendCommand': onInstance,
  'ssm:StartSession': onInstance,
  'ssm:TerminateSession': onArn(
    ({ SessionId }: { SessionId: string }, { id, region }) =>
      `arn:aws:ssm:${region}:${id}:session/${SessionId}`,
  ),
  // AWS allows this to every caller.
  'sts:GetCallerIdentity': () => [],
};
