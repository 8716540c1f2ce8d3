import { expect, test } from 'vitest';
import {
  type ResourceChange,
  resourceChangeSchema,
  listDataLosses,
  formatChanges,
} from '../../../src/cloud/stack/resource-changes.ts';
import { factsOf } from '../aws/resource-types.ts';

const DATABASE = 'AWS::RDS::DBInstance';
const GROUP = 'AWS::AutoScaling::AutoScalingGroup';

interface Detail {
  Name?: string;
  RequiresRecreation?: string;
  Evaluation?: string;
  ChangeSource?: string;
  CausingEntity?: string;
}

/** A change as AWS describes it. */
function change(
  LogicalResourceId: string,
  Action: string,
  Replacement?: string,
  details: Detail[] = [],
): ResourceChange {
  const types: Record<string, string> = { Database: DATABASE, Instances: GROUP };
  return resourceChangeSchema.parse({
    LogicalResourceId,
    ResourceType: types[LogicalResourceId] ?? 'AWS::EC2::SecurityGroup',
    Action,
    Replacement,
    Details: details.map(({ Name, RequiresRecreation, ...rest }) => ({
      Target: { Attribute: 'Properties', Name, RequiresRecreation },
      ...rest,
    })),
  });
}

function conditional(resource: string, ...names: string[]): ResourceChange {
  const details = names.map((Name) => ({ Name, RequiresRecreation: 'Conditionally' }));
  return change(resource, 'Modify', 'Conditional', details);
}

test('formatChanges returns a line for each change, sorted by resource, with the reasons for a replacement', () => {
  const cause = { ChangeSource: 'ParameterReference', CausingEntity: 'DatabaseSnapshot' };
  const snapshot = { Name: 'DBSnapshotIdentifier', RequiresRecreation: 'Conditionally' };
  expect(
    formatChanges([
      change('H', 'SyncWithActual'),
      change('G', 'Dynamic'),
      conditional('F', 'SomethingNew'),
      change('E', 'Modify', 'Conditional'),
      change('D', 'Modify', 'False'),
      change('C', 'Modify', 'True', [{ Name: 'VpcId', RequiresRecreation: 'Always' }]),
      change('B', 'Remove'),
      change('A', 'Add'),
      change('Database', 'Modify', 'Conditional', [
        { ...snapshot, ...cause, Evaluation: 'Static' },
        { ...snapshot, ChangeSource: 'DirectModification', Evaluation: 'Dynamic' },
      ]),
      conditional('Instances', 'LaunchTemplate'),
    ]),
  ).toEqual([
    '+ add      A (AWS::EC2::SecurityGroup)',
    '- remove   B (AWS::EC2::SecurityGroup)',
    '± replace  C (AWS::EC2::SecurityGroup): VpcId',
    '~ change   D (AWS::EC2::SecurityGroup)',
    '± replace  Database (AWS::RDS::DBInstance), perhaps: DBSnapshotIdentifier (DatabaseSnapshot)',
    '± replace  E (AWS::EC2::SecurityGroup), perhaps',
    '± replace  F (AWS::EC2::SecurityGroup), perhaps: SomethingNew',
    '± replace  G (AWS::EC2::SecurityGroup), perhaps',
    '= record   H (AWS::EC2::SecurityGroup)',
    '~ change   Instances (AWS::AutoScaling::AutoScalingGroup)',
  ]);
});

const subnets = (Evaluation: string) => ({
  Name: 'DBSubnetGroupName',
  RequiresRecreation: 'Always',
  Evaluation,
  ChangeSource: 'ResourceReference',
  CausingEntity: 'DatabaseSubnets',
});

test.each<[string, ResourceChange, number]>([
  ['a replacement', change('Database', 'Modify', 'True'), 1],
  [
    'a replacement by a new subnet group',
    change('Database', 'Modify', 'True', [subnets('Static')]),
    1,
  ],
  [
    'a replacement if the subnet group is replaced',
    change('Database', 'Modify', 'Conditional', [subnets('Dynamic')]),
    1,
  ],
  ['a conditional replacement without details', change('Database', 'Modify', 'Conditional'), 1],
  ['an unknown action', change('Database', 'Dynamic'), 1],
  ['a removal', change('Database', 'Remove'), 1],
  ['a change in place', change('Database', 'Modify', 'False'), 0],
  ['an update of AWS’s own record', change('Database', 'SyncWithActual'), 0],
  ['a new database', change('Database', 'Add'), 0],
  ['another resource that is removed', change('Group', 'Remove'), 0],
  ['another resource that is replaced', change('Group', 'Modify', 'True'), 0],
  [
    'one of two properties that replaces',
    conditional('Database', 'MultiAZ', 'AvailabilityZone'),
    1,
  ],
])('listDataLosses judges %s', (_, it, losses) => {
  expect(listDataLosses([it])).toHaveLength(losses);
});

const { conditionalCreateOnly } = factsOf(DATABASE);

test('listDataLosses takes a conditional change for a loss, except of six properties with which AWS never replaces a database', () => {
  const losing = conditionalCreateOnly.filter(
    (name) => listDataLosses([conditional('Database', name)]).length > 0,
  );
  expect(conditionalCreateOnly.filter((name) => !losing.includes(name))).toEqual([
    'AutoMinorVersionUpgrade',
    'BackupRetentionPeriod',
    'DBParameterGroupName',
    'MultiAZ',
    'PreferredMaintenanceWindow',
    'StorageType',
  ]);
  expect(losing).toEqual(
    expect.arrayContaining(['AvailabilityZone', 'DBSnapshotIdentifier', 'Engine']),
  );
});
