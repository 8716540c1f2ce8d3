import { DescribeTagsCommand } from '@aws-sdk/client-ec2';
import { DescribeTagsCommand as DescribeBalancerTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  CreatePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
} from '@aws-sdk/client-iam';
import type { InitializeMiddleware, MetadataBearer, MiddlewareStack } from '@smithy/types';
import type { Clients } from '../../../src/cloud/context.ts';
import { openMoto } from '../emulated/moto.ts';
import { createEnforcer, type Enforced } from './enforcer.ts';
import type { Account } from './listers.ts';
import { listAttachedPolicies, listOperatorPolicies, type Policy } from './operator-policies.ts';

// IAM has other names for the services of these clients.
const SERVICES: Record<string, string> = {
  CloudWatchLogs: 'logs',
  CostExplorer: 'ce',
  ElasticLoadBalancingV2: 'elasticloadbalancing',
};

/**
 * Refuses all requests of clients that the policies do not allow, as IAM does. Creates the permissions boundary, as an
 * administrator does.
 * @param policies by default, those of the group of operators
 */
export async function enforceOperatorPolicies(
  clients: Clients,
  accountId: string,
  policies: Policy[] = listAttachedPolicies(),
): Promise<Enforced> {
  await createBoundary(accountId);
  const { enforced, check } = createEnforcer(openAccount(accountId), policies);
  const middleware: InitializeMiddleware<object, MetadataBearer> =
    (next, { clientName = '', commandName = '' }) =>
    async (args) => {
      const service = clientName.replace(/Client$/, '');
      const name = `${SERVICES[service] ?? service.toLowerCase()}:${commandName.replace(/Command$/, '')}`;
      await check({ name, input: args.input });
      return next(args);
    };
  for (const { middlewareStack } of Object.values(clients) as { middlewareStack: object }[]) {
    const stack = middlewareStack as MiddlewareStack<object, MetadataBearer>;
    stack.add(middleware, { step: 'initialize', name: 'enforceOperatorPolicies', override: true });
  }
  return enforced;
}

async function createBoundary(accountId: string): Promise<void> {
  const boundary = listOperatorPolicies().find(({ name }) => name === 'minitwit-boundary');
  const request = { PolicyName: boundary?.name, PolicyDocument: boundary?.text };
  await openMoto(accountId).iam.send(new CreatePolicyCommand(request));
}

function openAccount(id: string): Account {
  const { ec2, iam, loadBalancing } = openMoto(id);
  const toTags = (tags: { Key?: string | undefined; Value?: string | undefined }[] = []) =>
    Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  return {
    id,
    region: 'us-east-1',
    readTags: async (resource) => {
      if (resource.startsWith('arn:')) {
        const request = new DescribeBalancerTagsCommand({ ResourceArns: [resource] });
        return toTags((await loadBalancing.send(request)).TagDescriptions?.[0]?.Tags);
      }
      const Filters = [{ Name: 'resource-id', Values: [resource] }];
      return toTags((await ec2.send(new DescribeTagsCommand({ Filters }))).Tags);
    },
    readRole: async (name) => {
      const missing = { Arn: `arn:aws:iam::${id}:role/${name}`, PermissionsBoundary: undefined };
      const request = iam.send(new GetRoleCommand({ RoleName: name }));
      const { Arn = '', PermissionsBoundary } = await request.then(
        ({ Role }) => Role ?? missing,
        () => missing,
      );
      return { arn: Arn, boundary: PermissionsBoundary?.PermissionsBoundaryArn ?? null };
    },
    readInstanceProfile: async (name) => {
      const request = iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }));
      const profile = await request.then(
        ({ InstanceProfile }) => InstanceProfile,
        () => undefined,
      );
      const arn = profile?.Arn ?? `arn:aws:iam::${id}:instance-profile/${name}`;
      return { arn, role: profile?.Roles?.[0]?.RoleName ?? '' };
    },
  };
}
