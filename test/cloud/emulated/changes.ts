import { isDeepStrictEqual } from 'node:util';
import type { Resource, RequestedStack } from './moto-template.ts';

/** A resource that a change set adds, changes or removes. */
export interface Change {
  Action: 'Add' | 'Modify' | 'Remove';
  LogicalResourceId: string;
  ResourceType: string;
  /** Whether the change replaces the resource. */
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

/** Lists the changes from a stack's present state to the requested one, as CloudFormation does. */
export function listChanges(
  existing: RequestedStack['resources'],
  requested: RequestedStack['resources'],
): Change[] {
  const changes: Change[] = [
    ...Object.entries(requested).flatMap(([name, resource]) =>
      changeOf(name, existing[name], resource),
    ),
    ...Object.entries(existing)
      .filter(([name]) => !(name in requested))
      .map(([name, { Type }]) => ({
        Action: 'Remove' as const,
        ...identify(name, Type),
        names: [],
      })),
  ];
  const replaced = changes.filter(({ Replacement }) => Replacement === 'True');
  // A resource that refers to a replaced one changes, too.
  const following = Object.entries(requested).filter(
    ([name, resource]) =>
      name in existing &&
      !changes.some(({ LogicalResourceId }) => LogicalResourceId === name) &&
      replaced.some(({ LogicalResourceId }) => refersTo(resource, LogicalResourceId)),
  );
  return [
    ...changes,
    ...following.map(([name, { Type }]) => ({
      Action: 'Modify' as const,
      ...identify(name, Type),
      Replacement: 'False' as const,
      names: [],
    })),
  ];
}

function changeOf(name: string, existing: Resource | undefined, requested: Resource): Change[] {
  if (!existing) return [{ Action: 'Add', ...identify(name, requested.Type), names: [] }];
  const names = Object.keys({ ...existing.Properties, ...requested.Properties }).filter(
    (each) => !isDeepStrictEqual(existing.Properties[each], requested.Properties[each]),
  );
  if (names.length === 0) return [];
  const isReplaced = names.some((each) => FIXED[requested.Type]?.includes(each));
  const Replacement = isReplaced ? 'True' : 'False';
  return [{ Action: 'Modify', ...identify(name, requested.Type), Replacement, names }];
}

function identify(LogicalResourceId: string, ResourceType: string) {
  return { LogicalResourceId, ResourceType };
}

function refersTo(resource: Resource, name: string): boolean {
  const text = JSON.stringify(resource);
  return [`{"Ref":"${name}"}`, `{"Fn::GetAtt":["${name}",`, `\${${name}}`].some((each) =>
    text.includes(each),
  );
}
