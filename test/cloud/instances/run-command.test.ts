import { expect, test } from 'vitest';
import { runCommand } from '../../../src/cloud/instances/run-command.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import type { AwsResponse } from '../../support/aws-request.ts';
import { openTestCloud, type TestCloudOptions } from '../test-cloud.ts';

const ID = 'i-0123456789abcdef0';
const ECHO = { comment: 'Saying hello', script: '#!/bin/bash\necho hello', maxMs: 90_500 };

const json = (answer: object): AwsResponse => ({ status: 200, body: JSON.stringify(answer) });

/** Opens an instance whose agent has these states, and whose command these invocations, one after the other. */
async function openInstance(
  pings: string[],
  invocations: object[],
  options: TestCloudOptions = {},
) {
  const aws = await startAwsStub();
  const { open, lines, stop } = openTestCloud(options);
  const next = <Item>(items: Item[]) => (items.length > 1 ? items.shift() : items[0]);
  aws.stub('ssm:DescribeInstanceInformation', () => {
    const PingStatus = next(pings);
    return json({ InstanceInformationList: PingStatus ? [{ PingStatus }] : [] });
  });
  const sent: { Comment: string; CommandId: string }[] = [];
  aws.stub('ssm:SendCommand', ({ body }) => {
    const command = { ...(JSON.parse(body.toString()) as { Comment: string }), CommandId: ID };
    sent.push(command);
    return json({ Command: command });
  });
  aws.stub('ssm:ListCommands', () => json({ Commands: sent }));
  aws.stub('ssm:GetCommandInvocation', () => json(next(invocations) ?? {}));
  return { aws, cloud: open(), lines, stop, sent };
}

test('runCommand sends a script when the agent is online, and returns its output', async () => {
  const { cloud, lines, sent } = await openInstance(
    ['', 'ConnectionLost', 'Online'],
    [
      { Status: 'Pending' },
      { Status: 'InProgress' },
      { Status: 'Success', StandardOutputContent: 'hello\n' },
    ],
  );
  expect(await runCommand(cloud, ID, ECHO)).toBe('hello\n');
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [ID],
    Parameters: { commands: [ECHO.script], executionTimeout: ['91'] },
  });
  expect(lines).toEqual([
    `The agent of ${ID}: not registered yet`,
    `The agent of ${ID}: ConnectionLost`,
    `Saying hello on ${ID}: Pending`,
    `Saying hello on ${ID}: InProgress`,
  ]);
});

test('runCommand throws the last 20 lines of the errors of a script that failed', async () => {
  const errors = Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n');
  const failed = { Status: 'Failed', StatusDetails: 'Failed', StandardOutputContent: 'much' };
  const { cloud } = await openInstance(['Online'], [{ ...failed, StandardErrorContent: errors }]);
  const lines = Array.from({ length: 20 }, (_, n) => `  line ${n + 10}`);
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(
    `Saying hello on ${ID} has failed: Failed\n${lines.join('\n')}`,
  );
});

test('runCommand throws the output of a script that failed without errors', async () => {
  const { cloud } = await openInstance(
    ['Online'],
    [{ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut', StandardOutputContent: 'half\n' }],
  );
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/failed: ExecutionTimedOut\n {2}half$/);
});

test('runCommand finds a command whose response was lost, and does not send it again', async () => {
  const { aws, cloud } = await openInstance(['Online'], [{ Status: 'Success' }]);
  aws.loseResponse('ssm:SendCommand');
  await runCommand(cloud, ID, ECHO);
  expect(aws.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(1);
  expect(aws.actions).toContain('ssm:ListCommands');
});

test('runCommand does not send a command again when its response was lost and AWS does not list it', async () => {
  const { aws, cloud } = await openInstance(['Online'], [{ Status: 'Success' }]);
  aws.stub('ssm:SendCommand', () => {
    throw new Error('lost on the way there');
  });
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/Cannot run a command .* reached/);
  expect(aws.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(1);
});

test('runCommand sends a command again after AWS has throttled it', async () => {
  const { aws, cloud } = await openInstance(['Online'], [{ Status: 'Success' }]);
  aws.fail('ssm:SendCommand', 'ThrottlingException', { status: 400, times: 2 });
  await runCommand(cloud, ID, ECHO);
  expect(aws.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(3);
});

test('runCommand does not send a command again after AWS has refused it', async () => {
  const { aws, cloud } = await openInstance(['Online'], [{ Status: 'Success' }]);
  aws.fail('ssm:SendCommand', 'AccessDeniedException', { status: 400 });
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/Cannot run a command .* AccessDenied/);
  expect(aws.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(1);
});

test('runCommand fails when the SSM agent does not register in time', async () => {
  const { aws, cloud } = await openInstance([''], [], { waitMaxMs: 20 });
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(
    /The agent of .*: still not registered yet after .* s\. It needs internet access: check .* run the command again\.$/,
  );
  expect(aws.actions).not.toContain('ssm:SendCommand');
});

test.each([
  ['before it sends the script, sends nothing', 'ssm:DescribeInstanceInformation', 0],
  ['after it has sent the script, leaves it running', 'ssm:SendCommand', 1],
])('runCommand, stopped %s', async (_, action, times) => {
  const { aws, cloud, stop, sent } = await openInstance(['Online'], [{ Status: 'InProgress' }]);
  aws.onRequest = (it) => it === action && stop();
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow('Stopped by SIGINT.');
  expect(sent).toHaveLength(times);
});
