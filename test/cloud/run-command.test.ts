import { expect, onTestFinished, test } from 'vitest';
import { openCloud } from '../../src/cloud/cloud.ts';
import { type Remote, runCommand } from '../../src/cloud/run-command.ts';
import { type Account, type Answered, openAccount } from '../support/aws-front.ts';

const ID = 'i-0123456789abcdef0';
const ECHO = { comment: 'Saying hello', script: '#!/bin/bash\necho hello', maxMs: 90_500 };

const json = (answer: object): Answered => ({ status: 200, body: JSON.stringify(answer) });

interface World {
  account: Account;
  cloud: Remote;
  lines: string[];
}

/** An instance whose agent is seen in these states, and that says this of a command, one after the other. */
async function openWorld(
  pings: string[],
  invocations: object[],
  waitMaxMs = 20_000,
): Promise<World> {
  const account = await openAccount();
  const lines: string[] = [];
  const cloud = openCloud({
    stackName: 'minitwit',
    print: (line) => lines.push(line),
    signal: new AbortController().signal,
    pace: { firstPauseMs: 1, waitMaxMs, lostMaxMs: 100 },
  });
  onTestFinished(() => {
    for (const client of Object.values(cloud.clients)) client.destroy();
  });
  const next = <Item>(items: Item[]) => (items.length > 1 ? items.shift() : items[0]);
  account.stand('ssm:DescribeInstanceInformation', () => {
    const PingStatus = next(pings);
    return json({ InstanceInformationList: PingStatus ? [{ PingStatus }] : [] });
  });
  account.stand('ssm:GetCommandInvocation', () => json(next(invocations) ?? {}));
  return { account, cloud, lines };
}

test('a script is sent once the agent is there, and gives what it printed', async () => {
  const { account, cloud, lines } = await openWorld(
    ['', 'ConnectionLost', 'Online'],
    [
      { Status: 'Pending' },
      { Status: 'InProgress' },
      { Status: 'Success', StandardOutputContent: 'hello\n' },
    ],
  );
  let sent: unknown;
  account.stand('ssm:SendCommand', ({ body }, pass) => {
    sent = JSON.parse(body.toString());
    return pass();
  });
  expect(await runCommand(cloud, ID, ECHO)).toBe('hello\n');
  expect(sent).toMatchObject({
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [ID],
    Parameters: { commands: [ECHO.script], executionTimeout: ['91'] },
  });
  expect(lines.map((line) => line.slice(6))).toEqual([
    `The agent of ${ID}: not there yet`,
    `The agent of ${ID}: ConnectionLost`,
    `Saying hello on ${ID}: Pending`,
    `Saying hello on ${ID}: InProgress`,
  ]);
});

test('of a script that failed, the last lines are said', async () => {
  const errors = Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n');
  const failed = { Status: 'Failed', StatusDetails: 'Failed', StandardOutputContent: 'much' };
  const { cloud } = await openWorld(['Online'], [{ ...failed, StandardErrorContent: errors }]);
  const lines = Array.from({ length: 20 }, (_, n) => `  line ${n + 10}`);
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(
    `Saying hello on ${ID} has failed: Failed\n${lines.join('\n')}`,
  );
});

test('what says nothing of errors is shown by what it printed', async () => {
  const { cloud } = await openWorld(
    ['Online'],
    [{ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut', StandardOutputContent: 'half\n' }],
  );
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/failed: ExecutionTimedOut\n {2}half$/);
});

test('a command whose answer was lost is found, and not sent again', async () => {
  const { account, cloud } = await openWorld(['Online'], [{ Status: 'Success' }]);
  account.lose('ssm:SendCommand');
  await runCommand(cloud, ID, ECHO);
  expect(account.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(1);
});

test('one that AWS has never seen is not sent again either', async () => {
  const { account, cloud } = await openWorld(['Online'], [{ Status: 'Success' }]);
  account.stand('ssm:SendCommand', () => {
    throw new Error('lost on the way there');
  });
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/Cannot run a command .* reached/);
  expect(account.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(1);
});

test('one that AWS was too busy to take is sent again', async () => {
  const { account, cloud } = await openWorld(['Online'], [{ Status: 'Success' }]);
  account.refuse('ssm:SendCommand', 'ThrottlingException', { status: 400, times: 2 });
  await runCommand(cloud, ID, ECHO);
  expect(account.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(3);
});

test('one that AWS refuses is not sent again', async () => {
  const { account, cloud } = await openWorld(['Online'], [{ Status: 'Success' }]);
  account.refuse('ssm:SendCommand', 'AccessDeniedException', { status: 400 });
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/Cannot run a command .* AccessDenied/);
  expect(account.actions.filter((it) => it === 'ssm:SendCommand')).toHaveLength(1);
});

test('an agent that does not come is not waited for for ever', async () => {
  const { account, cloud } = await openWorld([''], [], 300);
  await expect(runCommand(cloud, ID, ECHO)).rejects.toThrow(/The agent of .*: still not there yet/);
  expect(account.actions).not.toContain('ssm:SendCommand');
});
