import { expect, test } from 'vitest';
import {
  type ResourceChange,
  resourceChangeSchema,
  listDataLosses,
  formatChanges,
} from '../../../src/cloud/stack/resource-changes.ts';

function change(LogicalResourceId: string, Action: string, Replacement?: string): ResourceChange {
  const ResourceType =
    LogicalResourceId === 'Database' ? 'AWS::RDS::DBInstance' : 'AWS::EC2::SecurityGroup';
  return resourceChangeSchema.parse({ LogicalResourceId, ResourceType, Action, Replacement });
}

test('formatChanges returns a line for each change, sorted by resource', () => {
  expect(
    formatChanges([
      change('E', 'Modify', 'Conditional'),
      change('D', 'Modify', 'False'),
      change('C', 'Modify', 'True'),
      change('B', 'Remove'),
      change('A', 'Add'),
    ]),
  ).toEqual([
    '+ add      A (AWS::EC2::SecurityGroup)',
    '- remove   B (AWS::EC2::SecurityGroup)',
    '± replace  C (AWS::EC2::SecurityGroup)',
    '~ change   D (AWS::EC2::SecurityGroup)',
    '± replace  E (AWS::EC2::SecurityGroup), perhaps',
  ]);
});

test.each([
  [change('Database', 'Modify', 'True'), 1],
  [change('Database', 'Modify', 'Conditional'), 1],
  [change('Database', 'Remove'), 1],
  [change('Database', 'Modify', 'False'), 0],
  [change('Database', 'Add'), 0],
  [change('Group', 'Remove'), 0],
  [change('Group', 'Modify', 'True'), 0],
])('listDataLosses finds for %j %d lost databases', (it, losses) => {
  expect(listDataLosses([it])).toHaveLength(losses);
});
