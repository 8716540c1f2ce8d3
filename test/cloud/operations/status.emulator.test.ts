import { PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { explainStatus } from '../../../src/cloud/stack/failure.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { requireStack, stackNotFoundError } from '../../../src/cloud/stack/stack.ts';
import { changesOf, makeImage, openWorld, raise, type World } from './fixture.ts';

async function openRaised(): Promise<World> {
  const world = await openWorld();
  const cloud = world.open();
  await raise(cloud, await makeImage(cloud, '1.3.0'));
  world.account.actions.length = 0;
  return world;
}

/** The lines of a section. */
function sectionOf({ lines }: World, title: string): string[] {
  const start = lines.indexOf(title) + 1;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith('  '));
  return lines.slice(start, end === -1 ? undefined : end).map((line) => line.slice(2));
}

test('`cloud status` prints the state of all parts, and only sends requests that read', async () => {
  const world = await openRaised();
  const { cloudWatch } = world.open().clients;
  // The name of the alarm in the emulated stack, which creates no alarm.
  const AlarmName = 'minitwit-ErrorsAlarm';
  await cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      AlarmDescription: 'Ten requests were answered with a 5xx',
      MetricName: 'HTTPCode_Target_5XX_Count',
      Namespace: 'AWS/ApplicationELB',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 10,
      Statistic: 'Sum',
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    }),
  );
  const alarmed = { AlarmName, StateValue: 'ALARM', StateReason: 'eleven' } as const;
  await cloudWatch.send(new SetAlarmStateCommand(alarmed));
  const change = {
    AlarmName,
    Timestamp: Date.parse('2026-11-23T08:40:00Z') / 1000,
    HistorySummary: 'Alarm updated from OK to ALARM',
  };
  world.account.stub('monitoring:DescribeAlarmHistory', () => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ AlarmHistoryItems: [change] }),
  }));
  world.account.actions.length = 0;
  const cloud = world.open();
  await printStatus(cloud);
  expect(changesOf(world.account)).toEqual([]);
  expect(world.lines.length).toBeLessThan(40);
  const { outputs, parameters } = await requireStack(cloud);
  expect(sectionOf(world, 'STACK')).toEqual(['minitwit, CREATE_COMPLETE', outputs.Address]);
  expect(sectionOf(world, 'INSTANCES')).toEqual([
    expect.stringMatching(/^INSTANCE +ZONE +STATE +HEALTH +IMAGE +AGE +TYPE$/),
    ...(Array(2).fill(
      expect.stringMatching(
        /^i-\w+ +us-east-1\w +running +healthy +1\.3\.0 \(0123456\) +0 min +t3/,
      ),
    ) as string[]),
  ]);
  expect(sectionOf(world, 'DATABASE').join('\n')).toMatch(
    /^\S+, available, MySQL 8\.4\S*, db\.t4g\.micro, 20 GiB, backups of 7 days[^]*no snapshot$/,
  );
  expect(sectionOf(world, 'ALARMS').join('\n')).toMatch(
    /^minitwit-ErrorsAlarm: Ten requests were answered with a 5xx[^]*2026-11-23 08:40 UTC {2}minitwit-ErrorsAlarm {2}Alarm updated from OK to ALARM$/,
  );
  expect(sectionOf(world, 'IMAGES')).toEqual([
    expect.stringMatching(new RegExp(`^${parameters.ImageId} +1\\.3\\.0 .* of the stack$`)),
  ]);
  expect(sectionOf(world, 'COSTS').join('\n')).toMatch(/total +\$0\.\d{4} +\$\d\d\.\d\d\n/);
});

test('`cloud status` prints a refused request in its section, and all other sections', async () => {
  const world = await openRaised();
  const titles = ['STACK', 'INSTANCES', 'DATABASE', 'ALARMS', 'IMAGES', 'COSTS'];
  for (const [action, title] of [
    ['ec2:DescribeInstances', 'INSTANCES'],
    ['elasticloadbalancing:DescribeTargetHealth', 'INSTANCES'],
    ['autoscaling:DescribeInstanceRefreshes', 'INSTANCES'],
    ['rds:DescribeDBInstances', 'DATABASE'],
    ['monitoring:DescribeAlarms', 'ALARMS'],
  ] as const) {
    world.account.fail(action, 'AccessDenied');
    await printStatus(world.open());
    world.account.clearFaults();
    const refused = titles.filter((it) => sectionOf(world, it).join().includes('AccessDenied'));
    expect(refused, action).toEqual([title]);
  }
});

test('`cloud status` prints what to do about a stack whose creation failed', async () => {
  const world = await openWorld();
  const cloud = world.open();
  const image = await makeImage(cloud, '1.3.0');
  world.emulated.fault = { resource: 'Instances', reason: 'MaxSpotInstanceCountExceeded' };
  await expect(raise(cloud, image)).rejects.toThrow('ROLLBACK_COMPLETE');
  await printStatus(world.open());
  expect(sectionOf(world, 'STACK')).toEqual([
    `minitwit, ROLLBACK_COMPLETE: ${explainStatus('ROLLBACK_COMPLETE', cloud)}`,
  ]);
  expect(sectionOf(world, 'INSTANCES')).toEqual(['none']);
  expect(sectionOf(world, 'DATABASE')).toEqual(['none', 'no snapshot']);
});

test('`cloud status` prints the remaining resources of a stack that no longer exists', async () => {
  const world = await openWorld();
  const image = await makeImage(world.open(), '1.3.0');
  const cloud = world.open();
  await printStatus(cloud);
  expect(world.lines[0]).toBe(stackNotFoundError(cloud).message);
  expect(world.lines.join('\n')).toMatch(
    new RegExp(`${image} +image minitwit-\\d+, 1\\.3\\.0, of no stack +at most`),
  );
});
