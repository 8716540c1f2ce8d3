import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openShell } from '../../../src/cloud/commands/exec.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { startProgram } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { installFakePlugin } from './fake-plugin.ts';
import { openSessionStack, SESSION } from './session-fixture.ts';

const ENDPOINT = 'https://ssm.us-east-1.amazonaws.com';
const INSTANCES = [{ id: 'i-1', health: 'unhealthy' }, { id: 'i-2' }, { id: 'i-3' }];

const sessionRequests = (actions: string[]) => actions.filter((it) => it.endsWith('Session'));

test('`cloud exec` runs the plugin as AWS’s command line does, with the token in its environment only', async () => {
  const { open, aws } = await openSessionStack(INSTANCES);
  const plugin = await installFakePlugin('exit 3');
  expect(await openShell(open(), { instanceId: 'i-3', env: plugin.env })).toBe(3);
  const { parameters, session } = await plugin.readCall();
  const target = JSON.stringify({ Target: 'i-3' });
  expect(parameters).toEqual([
    'AWS_SSM_START_SESSION_RESPONSE',
    'us-east-1',
    'StartSession',
    '',
    target,
    ENDPOINT,
  ]);
  expect(JSON.parse(session ?? '')).toEqual(SESSION);
  expect(sessionRequests(aws.actions)).toEqual(['ssm:StartSession', 'ssm:TerminateSession']);
});

test('`cloud exec` without an id chooses the oldest healthy instance, otherwise the oldest one', async () => {
  const plugin = await installFakePlugin();
  const chosen = async (instances: typeof INSTANCES) => {
    const { open } = await openSessionStack(instances);
    await openShell(open(), { env: plugin.env });
    return JSON.parse((await plugin.readCall()).parameters[4] ?? '') as unknown;
  };
  expect(await chosen(INSTANCES)).toEqual({ Target: 'i-2' });
  expect(await chosen([{ id: 'i-1', health: 'initial' }])).toEqual({ Target: 'i-1' });
});

test.each([
  [
    'i-9',
    /^i-9 is not a running instance of the stack minitwit\. Its running instances are: i-1\.$/,
  ],
  ['i-2', /^i-2 is not a running instance of the stack minitwit\./],
  ['i-3', /^i-3 is not a running instance of the stack minitwit\./],
])(
  '`cloud exec %s` refuses an instance that is not a running one of the stack',
  async (id, text) => {
    const { open, aws } = await openSessionStack([
      { id: 'i-1' },
      { id: 'i-2', stack: 'minitwit-b' },
      { id: 'i-3', state: 'stopped' },
    ]);
    const { env } = await installFakePlugin();
    await expect(openShell(open(), { instanceId: id, env })).rejects.toThrow(text);
    expect(sessionRequests(aws.actions)).toEqual([]);
  },
);

test('`cloud exec` explains that the stack has no running instance', async () => {
  const { open } = await openSessionStack([]);
  const { env } = await installFakePlugin();
  await expect(openShell(open(), { env })).rejects.toThrow(
    'The stack minitwit has no running instance. Run npm run cloud -- status to see why.',
  );
});

test('`cloud exec` opens no session if the plugin is missing, broken or too old', async () => {
  const { open, aws } = await openSessionStack(INSTANCES);
  const read = (env: Record<string, string>) =>
    openShell(open(), { env }).then(String, errorMessage);
  const link =
    /AWS describes how to install it: https:\/\/docs\.aws\.amazon\.com\/systems-manager\/\S+$/;
  const missing = await read({ PATH: '/nonexistent' });
  expect(missing).toMatch(/^AWS’s session-manager-plugin is not installed\. /);
  expect(missing).toMatch(link);
  for (const version of ['1.2.497.0', '1.1.900.0', 'unknown']) {
    const { env } = await installFakePlugin('', version);
    const old = await read(env);
    expect(old).toContain(`has the version ${version}, but this command needs 1.2.536 or later.`);
    expect(old).toMatch(link);
  }
  expect(sessionRequests(aws.actions)).toEqual([]);
});

test('`cloud exec` explains that the agent of an instance is not connected', async () => {
  const { open, aws } = await openSessionStack(INSTANCES);
  const { env } = await installFakePlugin();
  aws.stub('ssm:StartSession', () => ({
    status: 400,
    body: JSON.stringify({ __type: 'TargetNotConnected', Message: 'i-2 is not connected.' }),
  }));
  await expect(openShell(open(), { env })).rejects.toThrow(
    /Cannot open a session on i-2: AWS returned TargetNotConnected: i-2 is not connected\. The agent of the instance is not connected\. /,
  );
});

test('`cloud exec` ends the plugin and the session when it must stop', async () => {
  const { open, aws, stop } = await openSessionStack(INSTANCES);
  const plugin = await installFakePlugin('exec sleep 600');
  const opened = openShell(open(), { env: plugin.env });
  await waitFor('the plugin runs', () =>
    plugin.readCall().then(
      () => true,
      () => false,
    ),
  );
  stop();
  await expect(opened).rejects.toThrow('Stopped by SIGINT.');
  expect(sessionRequests(aws.actions)).toEqual(['ssm:StartSession', 'ssm:TerminateSession']);
});

test('Ctrl-C in the terminal reaches the remote program, and the command continues', async () => {
  const { aws } = await openSessionStack(INSTANCES);
  const plugin = await installFakePlugin(`
    trap 'echo "Ctrl-C has arrived."' INT
    echo Ready.
    until [ -e $FOLDER/end ]; do sleep 0.05; done
    exit 4`);
  const program = startProgram(
    'src/cloud.ts',
    {
      ...plugin.env,
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    { parameters: ['exec', 'i-2'] },
  );
  await program.waitForOutput('Ready.');
  // A terminal sends the signal to the process group.
  process.kill(-(program.process.pid ?? 0), 'SIGINT');
  await program.waitForOutput('Ctrl-C has arrived.');
  await writeFile(join(plugin.folder, 'end'), '');
  expect(await program.ended).toBe(4);
  expect(program.output).toEqual({ stdout: 'Ready.\nCtrl-C has arrived.\n', stderr: '' });
  expect(sessionRequests(aws.actions)).toEqual(['ssm:StartSession', 'ssm:TerminateSession']);
});
