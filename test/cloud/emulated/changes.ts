import { isDeepStrictEqual } from 'node:util';
import type { Resource, Wanted } from './moto-template.ts';

/** A resource that a change set adds, changes or removes. */
export interface Change {
  Action: 'Add' | 'Modify' | 'Remove';
  LogicalResourceId: string;
  ResourceType: string;
  /** Of what is changed: whether another one takes its place. */
  Replacement?: 'True' | 'False';
  /** The properties that change. */
  names: string[];
}

// Properties of the template's resources that cannot be changed in place.
const FIXED: Record<string, string[]> = {
  'AWS::RDS::DBInstance': [
    'DBInstanceIdentifier',
    'DBName',
    'DBSnapshotIdentifier',
    'DBSubnetGroupName',
    'Engine',
    'MasterUsername',
    'StorageEncrypted',
  ],
  'AWS::EC2::SecurityGroup': ['GroupDescription', 'GroupName', 'VpcId'],
  'AWS::EC2::Volume': ['AvailabilityZone', 'Encrypted'],
  'AWS::ElasticLoadBalancingV2::TargetGroup': ['Port', 'Protocol', 'VpcId'],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ['Scheme', 'Type'],
  'AWS::ElasticLoadBalancingV2::ListenerRule': ['ListenerArn'],
  'AWS::CloudWatch::Alarm': ['AlarmName'],
};

/** Lists what changes between what a stack is and what it is to be, as CloudFormation does. */
export function listChanges(is: Wanted['resources'], toBe: Wanted['resources']): Change[] {
  const changes: Change[] = [
    ...Object.entries(toBe).flatMap(([name, resource]) => changeOf(name, is[name], resource)),
    ...Object.entries(is)
      .filter(([name]) => !(name in toBe))
      .map(([name, { Type }]) => ({ Action: 'Remove' as const, ...said(name, Type), names: [] })),
  ];
  const replaced = changes.filter(({ Replacement }) => Replacement === 'True');
  // Who refers to what is replaced changes with it.
  const following = Object.entries(toBe).filter(
    ([name, resource]) =>
      name in is &&
      !changes.some(({ LogicalResourceId }) => LogicalResourceId === name) &&
      replaced.some(({ LogicalResourceId }) => refersTo(resource, LogicalResourceId)),
  );
  return [
    ...changes,
    ...following.map(([name, { Type }]) => ({
      Action: 'Modify' as const,
      ...said(name, Type),
      Replacement: 'False' as const,
      names: [],
    })),
  ];
}

function changeOf(name: string, is: Resource | undefined, toBe: Resource): Change[] {
  if (!is) return [{ Action: 'Add', ...said(name, toBe.Type), names: [] }];
  const names = Object.keys({ ...is.Properties, ...toBe.Properties }).filter(
    (each) => !isDeepStrictEqual(is.Properties[each], toBe.Properties[each]),
  );
  if (names.length === 0) return [];
  const isReplaced = names.some((each) => FIXED[toBe.Type]?.includes(each));
  const Replacement = isReplaced ? 'True' : 'False';
  return [{ Action: 'Modify', ...said(name, toBe.Type), Replacement, names }];
}

function said(LogicalResourceId: string, ResourceType: string) {
  return { LogicalResourceId, ResourceType };
}

function refersTo(resource: Resource, name: string): boolean {
  const text = JSON.stringify(resource);
  return [`{"Ref":"${name}"}`, `{"Fn::GetAtt":["${name}",`, `\${${name}}`].some((each) =>
    text.includes(each),
  );
}
