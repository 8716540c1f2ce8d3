import { UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { DeletePolicyCommand } from '@aws-sdk/client-iam';
import { CreateDBSnapshotCommand, DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { randomInt } from 'node:crypto';
import { listChanges } from './changes.ts';
import type { Tag, Wanted } from './moto-template.ts';
import type { Moto } from './moto.ts';
import { type Made, type Resources, VERSION } from './resources.ts';

/** Makes the resources of stacks on moto. */
export function onMoto(moto: Moto): Resources {
  return {
    make: (...asked) => make(moto, ...asked),
    remake: (...asked) => remake(moto, ...asked),
    unmake: (...asked) => unmake(moto, ...asked),
  };
}

async function make(moto: Moto, stackName: string, wanted: Wanted, tags: Tag[]): Promise<Made> {
  const TemplateBody = templateOf(wanted.made, wanted.outputs, {});
  await moto.cloudFormation.send(
    new CreateStackCommand({ StackName: stackName, TemplateBody, Tags: tags }),
  );
  return look(moto, stackName, wanted, {});
}

// Resource types that moto's CloudFormation can change in place. It loses track of others.
const CHANGEABLE = new Set([
  'AWS::EC2::LaunchTemplate',
  'AWS::EC2::SecurityGroup',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::IAM::Policy',
]);

/** What moto cannot change stays as it is. */
async function remake(moto: Moto, stackName: string, is: Made, toBe: Wanted): Promise<Made> {
  const names = { ...is.names };
  const made = { ...toBe.made };
  for (const change of listChanges(is.wanted.resources, toBe.resources)) {
    const { Action, LogicalResourceId: name, ResourceType, Replacement } = change;
    if (Action === 'Remove' || Replacement === 'True') {
      await takeLastSnapshot(moto, stackName, is, name);
      names[name] = `${name}${randomInt(1e6, 1e7)}`;
    } else if (Action === 'Modify' && name in made && !CHANGEABLE.has(ResourceType)) {
      made[name] = is.wanted.made[name] ?? {};
    }
  }
  const TemplateBody = templateOf(made, toBe.outputs, names);
  await moto.cloudFormation.send(new UpdateStackCommand({ StackName: stackName, TemplateBody }));
  const now = await look(moto, stackName, toBe, names);
  await changeGroups(moto, now);
  return now;
}

async function unmake(moto: Moto, stackName: string, is: Made): Promise<void> {
  for (const name of Object.keys(is.wanted.resources)) {
    await takeLastSnapshot(moto, stackName, is, name);
  }
  await moto.cloudFormation.send(new DeleteStackCommand({ StackName: stackName }));
  // Moto's CloudFormation does not delete managed policies.
  for (const [name, { Type }] of Object.entries(is.wanted.resources)) {
    if (Type !== 'AWS::IAM::ManagedPolicy') continue;
    await moto.iam.send(new DeletePolicyCommand({ PolicyArn: is.ids[name] }));
  }
}

async function takeLastSnapshot(moto: Moto, stackName: string, is: Made, name: string) {
  const { Type, DeletionPolicy } = is.wanted.resources[name] ?? {};
  if (Type !== 'AWS::RDS::DBInstance' || DeletionPolicy !== 'Snapshot') return;
  const DBInstanceIdentifier = is.ids[name] ?? '';
  const found = await moto.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }));
  const suffix = randomInt(1e8, 1e9).toString(36);
  await moto.rds.send(
    new CreateDBSnapshotCommand({
      DBInstanceIdentifier,
      DBSnapshotIdentifier: `${stackName}-snapshot-${name}-${suffix}`.toLowerCase(),
      Tags: found.DBInstances?.[0]?.TagList ?? [],
    }),
  );
}

/** As a change of the stack leaves them: instances stay, and the next ones are of the newest version. */
async function changeGroups(moto: Moto, { wanted, ids, outputs }: Made): Promise<void> {
  for (const [name, { Type, Properties }] of Object.entries(wanted.resources)) {
    if (Type !== 'AWS::AutoScaling::AutoScalingGroup') continue;
    const size = Number(Properties.MinSize);
    await moto.autoScaling.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: ids[name],
        LaunchTemplate: {
          LaunchTemplateId: ids.LaunchTemplate,
          Version: outputs[VERSION],
        },
        MinSize: size,
        MaxSize: Number(Properties.MaxSize),
        DesiredCapacity: size,
      }),
    );
  }
}

async function look(
  moto: Moto,
  StackName: string,
  wanted: Wanted,
  names: Made['names'],
): Promise<Made> {
  const [{ Stacks = [] }, { StackResources = [] }] = await Promise.all([
    moto.cloudFormation.send(new DescribeStacksCommand({ StackName })),
    moto.cloudFormation.send(new DescribeStackResourcesCommand({ StackName })),
  ]);
  const idOf = (name: string) =>
    StackResources.find(({ LogicalResourceId }) => LogicalResourceId === (names[name] ?? name))
      ?.PhysicalResourceId ?? `${StackName}-${name}`;
  return {
    wanted,
    names,
    ids: Object.fromEntries(Object.keys(wanted.resources).map((name) => [name, idOf(name)])),
    outputs: Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [
        OutputKey,
        OutputValue,
      ]),
    ),
  };
}

function templateOf(made: Wanted['made'], outputs: object, names: Made['names']): string {
  const nameOf = (name: string) => names[name] ?? name;
  const Resources = Object.fromEntries(
    Object.entries(made).map(([name, resource]) => [nameOf(name), resource]),
  );
  const version = { Value: { 'Fn::GetAtt': ['LaunchTemplate', 'LatestVersionNumber'] } };
  const Outputs = { ...outputs, ...('LaunchTemplate' in made && { [VERSION]: version }) };
  const rename = (key: string, value: unknown) => {
    if (key === 'Ref') return nameOf(String(value));
    if (key === 'Fn::GetAtt' && Array.isArray(value)) return [nameOf(String(value[0])), value[1]];
    if (key !== 'Fn::Sub' || typeof value !== 'string') return value;
    return value.replaceAll(/(?<=\$\{)\w+(?=[.}])/g, nameOf);
  };
  // With tabs it is no YAML: moto reads it as JSON at once, and not for a second as YAML.
  return JSON.stringify({ Resources, Outputs }, rename, '\t');
}
