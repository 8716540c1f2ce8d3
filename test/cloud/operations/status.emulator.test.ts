import { PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listCosts } from '../../../src/cloud/costs/costs.ts';
import { explainStatus } from '../../../src/cloud/stack/failure.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { requireStack, stackNotFoundError } from '../../../src/cloud/stack/stack.ts';
import { answerActions } from '../emulated/query.ts';
import { createDatabase } from '../stack/fixture.ts';
import {
  changesOf,
  createFixtureWithStack,
  createOperationsFixture,
  createStack,
  type OperationsFixture,
} from './fixture.ts';
import { makeImage } from '../make-image.ts';

/** The lines of a section. */
function sectionOf({ lines }: OperationsFixture, title: string): string[] {
  const start = lines.indexOf(title) + 1;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith('  '));
  return lines.slice(start, end === -1 ? undefined : end).map((line) => line.slice(2));
}

test('`cloud status` prints the state of all parts, and only sends requests that read', async () => {
  const fixture = await createFixtureWithStack();
  const { cloudWatch } = fixture.open().clients;
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
  fixture.account.stub('monitoring:DescribeAlarmHistory', () => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ AlarmHistoryItems: [change] }),
  }));
  fixture.account.actions.length = 0;
  const cloud = fixture.open();
  await printStatus(cloud);
  expect(changesOf(fixture.account)).toEqual([]);
  for (const readOnce of ['cloudformation:ListStackResources', 'ec2:DescribeImages'])
    expect(fixture.account.actions.filter((it) => it === readOnce)).toEqual([readOnce]);
  expect(fixture.lines.length).toBeLessThan(42);
  const { outputs, parameters } = await requireStack(cloud);
  expect(sectionOf(fixture, 'STACK')).toEqual([
    'minitwit, CREATE_COMPLETE',
    outputs.Address,
    expect.stringMatching(/^Passwords are sent without encryption/),
    expect.stringMatching(
      /^Not protected against deletion: the database \S+, the load balancer \S+, the stack minitwit\. Run npm run cloud -- up/,
    ),
  ]);
  expect(sectionOf(fixture, 'INSTANCES')).toEqual([
    expect.stringMatching(/^INSTANCE +ZONE +STATE +HEALTH +IMAGE +AGE +TYPE$/),
    ...(Array(2).fill(
      expect.stringMatching(
        /^i-\w+ +us-east-1\w +running +healthy +1\.3\.0 \(0123456\) +0 min +t3/,
      ),
    ) as string[]),
  ]);
  const databaseId = outputs.DatabaseId;
  expect(sectionOf(fixture, 'DATABASE').join('\n')).toMatch(
    new RegExp(
      `^(${databaseId}), available, MySQL 8\\.4\\S*, db\\.t4g\\.micro, 20 GiB, days of backups: 7\n\\S+\n` +
        'restorable by restore --time: \\1, from \\S+ \\S+ UTC to \\S+ \\S+ UTC\n' +
        'automated snapshot: rds:\\1-\\S+, \\S+ \\S+ UTC\nno snapshot$',
    ),
  );
  expect(sectionOf(fixture, 'ALARMS').join('\n')).toMatch(
    /^minitwit-ErrorsAlarm: Ten requests were answered with a 5xx[^]*2026-11-23 08:40 UTC {2}minitwit-ErrorsAlarm {2}Alarm updated from OK to ALARM$/,
  );
  expect(sectionOf(fixture, 'IMAGES')).toEqual([
    expect.stringMatching(new RegExp(`^${parameters.ImageId} +1\\.3\\.0 .* of the stack$`)),
  ]);
  expect(sectionOf(fixture, 'COSTS').join('\n')).toMatch(/total +\$0\.\d{4} +\$\d\d\.\d\d\n/);
});

test('`cloud status` prints a refused request in its section, and all other sections', async () => {
  const fixture = await createFixtureWithStack();
  const titles = ['STACK', 'INSTANCES', 'DATABASE', 'SECRETS', 'ALARMS', 'IMAGES', 'COSTS'];
  for (const [action, title] of [
    ['ec2:DescribeInstances', 'INSTANCES'],
    ['elasticloadbalancing:DescribeTargetHealth', 'INSTANCES'],
    ['autoscaling:DescribeInstanceRefreshes', 'INSTANCES'],
    ['rds:DescribeDBSnapshots', 'DATABASE'],
    ['rds:DescribeDBInstanceAutomatedBackups', 'DATABASE'],
    ['secretsmanager:DescribeSecret', 'SECRETS'],
    ['monitoring:DescribeAlarms', 'ALARMS'],
  ] as const) {
    fixture.account.fail(action, 'AccessDenied');
    await printStatus(fixture.open());
    fixture.account.clearFaults();
    const refused = titles.filter((it) => sectionOf(fixture, it).join().includes('AccessDenied'));
    expect(refused, action).toEqual([title]);
  }
});

test("`cloud status` asks for a new image when the stack's image is older than 30 days", async () => {
  const fixture = await createFixtureWithStack();
  onTestFinished(() => void vi.useRealTimers());
  const startedAt = Date.now();
  const printAfter = async (days: number) => {
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt + days * 24 * 3_600_000 });
    await printStatus(fixture.open());
    return sectionOf(fixture, 'IMAGES').at(-1);
  };
  expect(await printAfter(29)).toMatch(/of the stack$/);
  expect(await printAfter(31)).toBe(
    "The stack's image is 31 days old and lacks newer security updates of Amazon Linux. " +
      'Run npm run cloud -- image, then npm run cloud -- roll.',
  );
});

test('`cloud status --json` prints one object with the report of each section, or its error', async () => {
  const fixture = await createFixtureWithStack();
  const { outputs, parameters } = await requireStack(fixture.open());
  fixture.account.fail('monitoring:DescribeAlarms', 'AccessDenied');
  await printStatus(fixture.open(), { json: true });
  fixture.account.clearFaults();
  expect(JSON.parse(fixture.lines.join('\n'))).toEqual({
    version: 1,
    stack: {
      name: 'minitwit',
      status: 'CREATE_COMPLETE',
      explanation: null,
      address: outputs.Address,
      parameters,
      unfinished: [],
      unprotected: expect.arrayContaining(['the stack minitwit']),
    },
    instances: {
      instances: Array(2).fill(
        expect.objectContaining({ state: 'running', health: 'healthy', image: '1.3.0 (0123456)' }),
      ) as object[],
      fleet: {
        desired: 2,
        members: 2,
        outdated: [],
        launchFailure: null,
        rolledBackVersion: null,
        refresh: null,
      },
    },
    database: {
      databases: [expect.objectContaining({ status: 'available', sizeGib: 20, backupDays: 7 })],
      automatedBackups: [
        expect.objectContaining({
          databaseId: outputs.DatabaseId,
          window: { earliest: expect.any(String), latest: expect.any(String) },
        }),
      ],
      automatedSnapshots: [expect.objectContaining({ databaseId: outputs.DatabaseId })],
      snapshots: [],
    },
    secrets: {
      secrets: [
        { name: 'database password', changedAt: expect.any(String), isRotating: false },
        { name: 'reader password', changedAt: expect.any(String), isRotating: false },
        { name: 'session secret', changedAt: expect.any(String), isRotating: false },
      ],
      mayReadMasterPassword: true,
    },
    alarms: { error: expect.stringContaining('AccessDenied') },
    images: [expect.objectContaining({ id: parameters.ImageId, isOfStack: true })],
    costs: listCosts(parameters),
  });
});

test('`cloud status --json` prints what exists without a stack', async () => {
  const fixture = await createOperationsFixture();
  const image = await makeImage(fixture.open(), '1.3.0');
  await printStatus(fixture.open(), { json: true });
  expect(JSON.parse(fixture.lines.join('\n'))).toEqual({
    version: 1,
    stack: null,
    orphans: [],
    retained: [{ id: image, about: expect.stringContaining('1.3.0'), monthly: expect.any(Number) }],
  });
});

test('`cloud status` prints a hint for a stack whose creation failed, and the cost of what exists', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  const image = await makeImage(cloud, '1.3.0');
  fixture.emulated.fault = { resource: 'Database', reason: 'InstanceQuotaExceeded' };
  await expect(createStack(cloud, image)).rejects.toThrow('ROLLBACK_COMPLETE');
  await printStatus(fixture.open());
  expect(sectionOf(fixture, 'STACK')).toEqual([
    `minitwit, ROLLBACK_COMPLETE: ${explainStatus('ROLLBACK_COMPLETE', cloud)}`,
  ]);
  expect(sectionOf(fixture, 'INSTANCES')).toEqual(['none']);
  expect(sectionOf(fixture, 'DATABASE')).toEqual(['none', 'no snapshot']);
  expect(sectionOf(fixture, 'COSTS')[1]).toMatch(/^total +\$0\.0000 +\$0\.00$/);

  await createDatabase(cloud.clients.rds, 'minitwit-1');
  await printStatus(fixture.open());
  expect(sectionOf(fixture, 'COSTS').slice(1, 3)).toEqual([
    expect.stringMatching(/^the database minitwit-1, available +\$0\.0192 +\$13\.98$/),
    expect.stringMatching(/^total +\$0\.0192 +\$13\.98$/),
  ]);
});

test('`cloud status` prints the remaining resources of a stack that no longer exists', async () => {
  const fixture = await createOperationsFixture();
  const image = await makeImage(fixture.open(), '1.3.0');
  const cloud = fixture.open();
  await printStatus(cloud);
  expect(fixture.lines[0]).toBe(stackNotFoundError(cloud).message);
  expect(fixture.lines.join('\n')).toMatch(
    new RegExp(`${image} +image minitwit-\\d+, 1\\.3\\.0, of no stack +at most`),
  );
});

test('`cloud status` prints why the instance on demand is the only one', async () => {
  const fixture = await createFixtureWithStack();
  const reason =
    'There is no Spot capacity available that matches your request. Launching EC2 instance failed.';
  // AWS has launched the instance on demand, and no spot instance of any type.
  fixture.account.stub('autoscaling:DescribeAutoScalingGroups', async (_, pass) => {
    const { body, ...answer } = await pass();
    const [before = '', first = '', ...others] = String(body).split(/(?=<member><InstanceId>)/);
    const after = others.at(-1)?.replace(/^<member>[^]*?<\/member>/, '') ?? '';
    return { ...answer, body: [before, first, after].join('') };
  });
  answerActions(fixture.account, 'autoscaling', {
    DescribeScalingActivities: () => ({
      Activities: [
        {
          ActivityId: '1',
          AutoScalingGroupName: 'group',
          Cause:
            'an instance was started in response to a difference between desired and actual capacity',
          StartTime: new Date(),
          StatusCode: 'Failed',
          StatusMessage: reason,
        },
      ],
    }),
  });
  await printStatus(fixture.open());
  expect(sectionOf(fixture, 'INSTANCES').slice(-2)).toEqual([
    'AWS is launching instances until there are 2.',
    `An instance could not be launched, and AWS tries again: ${reason} AWS has no such instances available. Wait, or set ` +
      'more types with --set InstanceTypes=…, or add --set Market=on-demand.',
  ]);
});
