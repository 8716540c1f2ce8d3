import type { DescribeLaunchTemplateVersionsResult } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { roll } from '../../../src/cloud/commands/roll.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { requireScalingGroup } from '../../../src/cloud/instances/scaling-group.ts';
import { listTemplateVersions } from '../../../src/cloud/instances/template-versions.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { createStackFixture, type StackFixture } from './fixture.ts';

const FAULT = {
  resource: 'Instances',
  reason:
    'An active instance refresh with a desired configuration exists. All configuration options derived from the ' +
    'desired configuration are not available for update while the instance refresh is active. (Service: AutoScaling, ' +
    'Status Code: 400, Request ID: 1)',
};
const LARGER = { InstanceTypes: 't3.small' };

/** Returns the number and the settings of the version that the group launches instances from, and the newest one. */
async function readVersions({ cloud }: StackFixture) {
  const { autoScaling, ec2 } = cloud.clients;
  const { outputs } = await requireStack(cloud);
  const group = await requireScalingGroup(autoScaling, outputs.Instances ?? '');
  const versions = await listTemplateVersions(ec2, group.templateId);
  const current = versions.find(({ number }) => number === group.version);
  return {
    version: group.version,
    type: current?.content.InstanceType,
    newest: versions[0]?.number,
  };
}

/** Makes EC2 return the time of the failed version as that of each version. */
async function createAllVersionsWithTheFailedOne({ cloud }: StackFixture): Promise<void> {
  const { autoScaling, ec2 } = cloud.clients;
  const { outputs } = await requireStack(cloud);
  const { templateId } = await requireScalingGroup(autoScaling, outputs.Instances ?? '');
  const [, failed] = await listTemplateVersions(ec2, templateId);
  expect(failed?.content.InstanceType).toBe(LARGER.InstanceTypes);
  ec2.middlewareStack.add(
    (next) => async (input) => {
      const result = await next(input);
      const { LaunchTemplateVersions = [] } = result.output as DescribeLaunchTemplateVersionsResult;
      for (const version of LaunchTemplateVersions) version.CreateTime = failed?.createdAt;
      return result;
    },
    { step: 'initialize' },
  );
}

test('after a rollback, `cloud up` sets the group back to the settings of the stack, and later changes retain them', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  const before = await readVersions(fixture);
  expect(before.type).toBe('t3.micro');
  fixture.emulated.fault = FAULT;
  fixture.lines.length = 0;
  await expect(fixture.up(LARGER)).rejects.toThrow(
    /active instance refresh.*UPDATE_ROLLBACK_COMPLETE/,
  );
  const after = await readVersions(fixture);
  expect(after).toEqual({ version: after.newest, type: 't3.micro', newest: expect.any(String) });
  expect(Number(after.version)).toBeGreaterThan(Number(before.version) + 1);
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(
      /^The rollback left the Auto Scaling group \S+ on version \d+ of its launch template, .* now launches instances from version \d+, with the settings of version \d+\.$/,
    ),
  );

  // EC2 returns whole seconds, and the command may create its version in the second in which the operation ended.
  await createAllVersionsWithTheFailedOne(fixture);
  fixture.lines.length = 0;
  await fixture.up({ InstanceCount: '3' });
  expect((await readVersions(fixture)).type).toBe('t3.micro');
  expect(fixture.lines.join('\n')).not.toContain('The rollback left');
});

test('`cloud status` shows a group that could not be set back, and the next `cloud up` corrects it', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  fixture.emulated.fault = FAULT;
  fixture.account.fail('autoscaling:UpdateAutoScalingGroup', 'AccessDenied');
  await expect(fixture.up(LARGER)).rejects.toThrow(
    /active instance refresh.* Cannot change the Auto Scaling group \S+: AWS returned AccessDenied/,
  );
  fixture.account.clearFaults();
  expect((await readVersions(fixture)).type).toBe('t3.small');
  await printStatus(fixture.open());
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(
      /settings of a change that was rolled back .* Run npm run cloud -- up to/,
    ),
  );

  const { newest } = await readVersions(fixture);
  const planned =
    /^This would also set the Auto Scaling group \S+ back to the settings of version 1 of its launch template,/;
  await fixture.up({}, true);
  expect(fixture.lines).toContainEqual(expect.stringMatching(planned));
  await roll(fixture.open(), { dryRun: true });
  expect(fixture.lines).toContainEqual(expect.stringMatching(planned));
  await fixture.up();
  // The first attempt has already created the version.
  expect(await readVersions(fixture)).toEqual({ version: newest, type: 't3.micro', newest });
});

test('a rolled-back change without a new launch template version leaves the group alone', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  const before = await readVersions(fixture);
  fixture.emulated.fault = FAULT;
  await expect(fixture.up({ BackupDays: '3' })).rejects.toThrow('UPDATE_ROLLBACK_COMPLETE');
  await fixture.up();
  expect(await readVersions(fixture)).toEqual(before);
  expect(fixture.account.actions).not.toContain('autoscaling:UpdateAutoScalingGroup');
});
