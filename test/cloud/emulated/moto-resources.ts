import {
  type MixedInstancesPolicy,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { AddTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { randomInt } from 'node:crypto';
import { listChanges } from './changes.ts';
import type { DatabaseHandler } from './database-handler.ts';
import { listEffects } from './effects.ts';
import type { Node } from './evaluate.ts';
import type { Tag, RequestedStack } from './moto-template.ts';
import type { Moto } from './moto.ts';
import { findProtected } from './protected-resources.ts';
import { type ExistingResources, type ResourceProvider, NEWEST_VERSION } from './resources.ts';

/** Creates the resources of stacks on moto. */
export function createMotoResources(moto: Moto, databases: DatabaseHandler): ResourceProvider {
  return {
    create: (...args) => createResources(moto, ...args),
    leaveAfterRollback: (...args) => leaveAfterRollback(moto, ...args),
    update: (...args) => updateResources(moto, databases, ...args),
    delete: (...args) => deleteResources(moto, databases, ...args),
    findProtected: (existing) => findProtected(moto, existing),
    findRefused: databases.findRefused,
  };
}

async function createResources(
  moto: Moto,
  stackName: string,
  requested: RequestedStack,
  tags: Tag[],
): Promise<ExistingResources> {
  // RDS's names of databases are new each time.
  const names = Object.fromEntries(
    Object.entries(requested.resources)
      .filter(([, { Type }]) => Type === 'AWS::RDS::DBInstance')
      .map(([name]) => [name, createName(name)]),
  );
  const TemplateBody = templateOf(requested.motoResources, requested.outputs, names);
  await moto.cloudFormation.send(
    new CreateStackCommand({ StackName: stackName, TemplateBody, Tags: tags }),
  );
  const existing = await readResources(moto, stackName, requested, names);
  await tagLoadBalancers(moto, existing, tags);
  await unprotectReplicas(moto, existing);
  return existing;
}

/** Gives load balancers the tags of their stack, as AWS does. */
async function tagLoadBalancers(
  moto: Moto,
  { requested, ids }: ExistingResources,
  Tags: Tag[],
): Promise<void> {
  for (const [name, { Type }] of Object.entries(requested.resources)) {
    if (Type !== 'AWS::ElasticLoadBalancingV2::LoadBalancer' || Tags.length === 0) continue;
    await moto.loadBalancing.send(new AddTagsCommand({ ResourceArns: [ids[name] ?? ''], Tags }));
  }
}

function createName(name: string): string {
  return `${name}${randomInt(1e6, 1e7)}`;
}

// Resource types that moto's CloudFormation can change in place. It loses track of others.
const CHANGEABLE = new Set([
  'AWS::EC2::LaunchTemplate',
  'AWS::EC2::SecurityGroup',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::IAM::Policy',
]);

/** Leaves resources unchanged that moto cannot change. */
async function updateResources(
  moto: Moto,
  databases: DatabaseHandler,
  stackName: string,
  existing: ExistingResources,
  requested: RequestedStack,
): Promise<ExistingResources> {
  const names = { ...existing.names };
  const abandoned: (() => Promise<void>)[] = [];
  const resources = { ...requested.motoResources };
  const replaced = new Set<string>();
  const effects = listEffects(listChanges(existing.requested, requested), requested);
  for (const { Action, LogicalResourceId: name, isReplaced } of effects) {
    if (Action !== 'Remove' && !isReplaced) continue;
    const abandon = await databases.prepareDeletion(stackName, existing, name);
    if (abandon) abandoned.push(abandon);
    names[name] = createName(name);
    replaced.add(name);
  }
  // Moto still has these as they were created, whatever has changed since then.
  for (const name of Object.keys(resources)) {
    const created = existing.requested.motoResources[name];
    if (created && !replaced.has(name) && !CHANGEABLE.has(String(created.Type))) {
      resources[name] = created;
    }
  }
  const TemplateBody = templateOf(resources, requested.outputs, names);
  await moto.cloudFormation.send(new UpdateStackCommand({ StackName: stackName, TemplateBody }));
  for (const abandon of abandoned) await abandon();
  const all = { ...requested, motoResources: resources };
  const now = await readResources(moto, stackName, all, names);
  await changeGroups(moto, now);
  await unprotectReplicas(moto, now);
  return now;
}

/** RDS creates a read replica without deletion protection. Moto copies the protection of the database. */
async function unprotectReplicas(moto: Moto, { requested, ids }: ExistingResources): Promise<void> {
  for (const [name, { Properties }] of Object.entries(requested.resources)) {
    if (!Properties.SourceDBInstanceIdentifier) continue;
    const input = { DBInstanceIdentifier: ids[name], DeletionProtection: false };
    await moto.rds.send(new ModifyDBInstanceCommand(input));
  }
}

async function leaveAfterRollback(
  moto: Moto,
  stackName: string,
  existing: ExistingResources,
  requested: RequestedStack,
): Promise<void> {
  const effects = listEffects(listChanges(existing.requested, requested), requested);
  if (!effects.some(({ LogicalResourceId }) => LogicalResourceId === 'LaunchTemplate')) return;
  const { LaunchTemplate = {} } = requested.motoResources;
  const resources = { ...existing.requested.motoResources, LaunchTemplate };
  const TemplateBody = templateOf(resources, existing.requested.outputs, existing.names);
  await moto.cloudFormation.send(new UpdateStackCommand({ StackName: stackName, TemplateBody }));
  await changeGroups(
    moto,
    await readResources(moto, stackName, existing.requested, existing.names),
  );
}

async function deleteResources(
  moto: Moto,
  databases: DatabaseHandler,
  stackName: string,
  existing: ExistingResources,
): Promise<void> {
  for (const name of Object.keys(existing.requested.resources)) {
    await databases.prepareDeletion(stackName, existing, name);
  }
  await moto.cloudFormation.send(new DeleteStackCommand({ StackName: stackName }));
}

/**
 * Applies the settings of groups, with the newest version of the launch template, to new instances, as an update of a
 * stack does. Instances are not replaced. The desired capacity changes only if it is not within the new sizes.
 */
async function changeGroups(
  moto: Moto,
  { requested, ids, outputs }: ExistingResources,
): Promise<void> {
  for (const [name, { Type, Properties }] of Object.entries(requested.resources)) {
    if (Type !== 'AWS::AutoScaling::AutoScalingGroup') continue;
    const { LaunchTemplate, ...policy } = Properties.MixedInstancesPolicy as MixedInstancesPolicy;
    await moto.autoScaling.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: ids[name],
        MixedInstancesPolicy: {
          ...policy,
          LaunchTemplate: {
            ...LaunchTemplate,
            LaunchTemplateSpecification: {
              LaunchTemplateId: ids.LaunchTemplate,
              Version: outputs[NEWEST_VERSION],
            },
          },
        },
        MinSize: Number(Properties.MinSize),
        MaxSize: Number(Properties.MaxSize),
      }),
    );
  }
}

async function readResources(
  moto: Moto,
  StackName: string,
  requested: RequestedStack,
  names: ExistingResources['names'],
): Promise<ExistingResources> {
  const [{ Stacks = [] }, { StackResources = [] }] = await Promise.all([
    moto.cloudFormation.send(new DescribeStacksCommand({ StackName })),
    moto.cloudFormation.send(new DescribeStackResourcesCommand({ StackName })),
  ]);
  const idOf = (name: string) =>
    StackResources.find(({ LogicalResourceId }) => LogicalResourceId === (names[name] ?? name))
      ?.PhysicalResourceId ?? `${StackName}-${name}`;
  return {
    requested,
    names,
    ids: Object.fromEntries(Object.keys(requested.resources).map((name) => [name, idOf(name)])),
    outputs: Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [
        OutputKey,
        OutputValue,
      ]),
    ),
  };
}

function templateOf(
  resources: RequestedStack['motoResources'],
  outputs: object,
  names: ExistingResources['names'],
): string {
  const nameOf = (name: string) => names[name] ?? name;
  const Resources = Object.fromEntries(
    Object.entries(resources).map(([name, resource]) => [
      nameOf(name),
      withDatabaseName(resource, nameOf(name)),
    ]),
  );
  const version = { Value: { 'Fn::GetAtt': ['LaunchTemplate', 'LatestVersionNumber'] } };
  const Outputs = {
    ...outputs,
    ...('LaunchTemplate' in resources && { [NEWEST_VERSION]: version }),
  };
  const rename = (key: string, value: unknown) => {
    if (key === 'Ref') return nameOf(String(value));
    if (key === 'Fn::GetAtt' && Array.isArray(value)) return [nameOf(String(value[0])), value[1]];
    if (key !== 'Fn::Sub' || typeof value !== 'string') return value;
    return value.replaceAll(/(?<=\$\{)\w+(?=[.}])/g, nameOf);
  };
  // With tabs it is no YAML: moto reads it as JSON at once, and not for a second as YAML.
  return JSON.stringify({ Resources, Outputs }, rename, '\t');
}

/** Adds the name of a database, which CloudFormation generates and RDS converts to lower case. */
function withDatabaseName(resource: Node, name: string): Node {
  if (resource.Type !== 'AWS::RDS::DBInstance') return resource;
  const id = name.toLowerCase().replace(/\d*$/, (random) => `-${random}`);
  const DBInstanceIdentifier = { 'Fn::Sub': `\${AWS::StackName}-${id}` };
  return { ...resource, Properties: { ...(resource.Properties as Node), DBInstanceIdentifier } };
}
