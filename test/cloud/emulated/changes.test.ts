import { expect, test } from 'vitest';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { parseTemplate } from '../stack/parse-template.ts';
import { listChanges } from './changes.ts';
import { listEffects } from './effects.ts';
import { requestStack } from './moto-template.ts';

const template = parseTemplate(await renderTemplate());

/** Returns the changes by a parameter of a stack, and those that take effect. */
function changeBy(parameters: Record<string, string>) {
  const before = requestStack(template, { SetUp: 'no' }, []);
  const requested = requestStack(template, { SetUp: 'no', ...parameters }, []);
  const changes = listChanges(before, requested);
  const effects = listEffects(changes, requested);
  return {
    find: (name: string) => changes.find((it) => it.LogicalResourceId === name),
    effects: effects.map((it) => [it.LogicalResourceId, it.isReplaced]),
  };
}

const attribute = (Name: string, CausingEntity: string, RequiresRecreation: string) => ({
  Target: { Attribute: 'Properties', Name, RequiresRecreation },
  Evaluation: 'Dynamic',
  ChangeSource: 'ResourceAttribute',
  CausingEntity,
});

test('a change set has Conditional for a property that may replace, and Dynamic for values of changed resources', () => {
  const { find, effects } = changeBy({ BackupDays: '3' });
  const Target = {
    Attribute: 'Properties',
    Name: 'BackupRetentionPeriod',
    RequiresRecreation: 'Conditionally',
  };
  expect(find('Database')).toMatchObject({
    Replacement: 'Conditional',
    Details: [
      {
        Target,
        Evaluation: 'Static',
        ChangeSource: 'ParameterReference',
        CausingEntity: 'BackupDays',
      },
      { Target, Evaluation: 'Dynamic', ChangeSource: 'DirectModification' },
    ],
  });
  expect(find('LaunchTemplate')).toMatchObject({
    Replacement: 'False',
    Details: [
      attribute('LaunchTemplateData', 'Database.Endpoint.Address', 'Never'),
      attribute('LaunchTemplateData', 'Database.MasterUserSecret.SecretArn', 'Never'),
    ],
  });
  expect(find('Instances')).toMatchObject({ Replacement: 'Conditional' });
  expect(find('CpuAlarm')).toMatchObject({
    Replacement: 'False',
    Details: [{ ChangeSource: 'ResourceReference', CausingEntity: 'Database' }],
  });
  expect(effects).toEqual([['Database', false]]);
});

test('a new snapshot replaces the database, and changes the resources that refer to it', () => {
  const { find, effects } = changeBy({ DatabaseSnapshot: 'snapshot-1' });
  expect(find('Database')?.Replacement).toBe('True');
  expect(effects).toEqual(
    expect.arrayContaining([
      ['Database', true],
      ['LaunchTemplate', false],
      ['Instances', false],
      ['CpuAlarm', false],
    ]),
  );
});

test('a new image changes the launch template and then the group, whose property depends on the new version', () => {
  const { find, effects } = changeBy({ ImageId: 'ami-2' });
  expect(find('Instances')).toMatchObject({
    Replacement: 'Conditional',
    Details: [
      attribute('MixedInstancesPolicy', 'LaunchTemplate.LatestVersionNumber', 'Conditionally'),
    ],
  });
  expect(effects).toEqual([
    ['LaunchTemplate', false],
    ['Instances', false],
  ]);
});
