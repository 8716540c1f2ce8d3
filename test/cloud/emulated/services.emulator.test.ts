import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  RollbackInstanceRefreshCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { emulate } from '../emulated.ts';

test('a command on an instance runs after a poll, and returns the output of its script', async () => {
  const emulated = emulate(await openEmulatedAccount());
  emulated.runScript = (script, instanceId) =>
    script.includes('fail')
      ? { status: 'Failed', stderr: 'it did' }
      : { stdout: `${script} on ${instanceId}` };
  const isKnown = new DescribeInstanceInformationCommand({
    Filters: [{ Key: 'InstanceIds', Values: ['i-1'] }],
  });
  const known = async () => (await ssm().send(isKnown)).InstanceInformationList;
  expect(await known()).toEqual([]);
  expect(await known()).toEqual([{ InstanceId: 'i-1', PingStatus: 'Online' }]);

  const done = await runCommand('i-1', 'hello');
  expect(done).toMatchObject({ Status: 'Success', StandardOutputContent: 'hello on i-1' });
  const listed = await ssm().send(new ListCommandsCommand({ InstanceId: 'i-1' }));
  expect(listed.Commands).toMatchObject([{ Comment: 'hello', InstanceIds: ['i-1'] }]);
  const failed = await runCommand('i-1', 'fail');
  expect(failed).toMatchObject({
    Status: 'Failed',
    ResponseCode: 1,
    StandardErrorContent: 'it did',
  });
});

test('an instance refresh rolls back after a failure or on request, and restores the previous state', async () => {
  const account = await openEmulatedAccount();
  const emulated = emulate(account);
  const before = await makeGroup();
  emulated.refreshEnd = { status: 'RollbackSuccessful', reason: 'The alarm went off.' };
  await autoScaling().send(new StartInstanceRefreshCommand(GROUP));
  expect(await statuses('RollbackSuccessful')).toEqual([
    'InProgress',
    'InProgress',
    'RollbackInProgress',
    'RollbackSuccessful',
  ]);

  emulated.refreshEnd = { status: 'Successful' };
  await autoScaling().send(new StartInstanceRefreshCommand(GROUP));
  await expect(autoScaling().send(new StartInstanceRefreshCommand(GROUP))).rejects.toMatchObject({
    name: 'InstanceRefreshInProgressFault',
  });
  await autoScaling().send(new RollbackInstanceRefreshCommand(GROUP));
  expect(await statuses('RollbackSuccessful')).toEqual([
    'RollbackInProgress',
    'RollbackSuccessful',
  ]);
  expect(await listInstances()).toEqual(before);
});

const GROUP = { AutoScalingGroupName: 'group' };
const ssm = () => new SSMClient();
const autoScaling = () => new AutoScalingClient();

async function runCommand(instanceId: string, script: string) {
  const { Command } = await ssm().send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [instanceId],
      Comment: script,
      Parameters: { commands: [script] },
    }),
  );
  const readInvocation = () =>
    ssm().send(
      new GetCommandInvocationCommand({ CommandId: Command?.CommandId, InstanceId: instanceId }),
    );
  await expect(readInvocation()).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });
  expect((await readInvocation()).Status).toBe('InProgress');
  return readInvocation();
}

async function makeGroup() {
  const LaunchTemplateName = 'template';
  const data = { ImageId: 'ami-12345678', InstanceType: 't3.micro' } as const;
  await new EC2Client().send(
    new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData: data }),
  );
  await autoScaling().send(
    new CreateAutoScalingGroupCommand({
      ...GROUP,
      LaunchTemplate: { LaunchTemplateName, Version: '1' },
      AvailabilityZones: ['us-east-1a'],
      MinSize: 2,
      MaxSize: 2,
    }),
  );
  return listInstances();
}

async function listInstances() {
  const { AutoScalingGroups } = await autoScaling().send(new DescribeAutoScalingGroupsCommand({}));
  return AutoScalingGroups?.[0]?.Instances?.map(({ InstanceId }) => InstanceId);
}

/** Polls the last refresh to its end, and returns its statuses. */
async function statuses(end: string) {
  const seen: (string | undefined)[] = [];
  while (seen.length < 8 && seen.at(-1) !== end) {
    const described = await autoScaling().send(new DescribeInstanceRefreshesCommand(GROUP));
    seen.push(described.InstanceRefreshes?.[0]?.Status);
  }
  return seen;
}
