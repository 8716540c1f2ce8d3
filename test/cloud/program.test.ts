import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../support/until.ts';
import { openAccount } from '../support/aws-front.ts';
import { changesOf, makeImage, openWorld, raise } from './keeping/world.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cloud/main.js', import.meta.url));

const template = `
Resources:
  WarehouseGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: { GroupDescription: the warehouse }
`;

/** The program as an operator calls it, with nobody at the terminal. */
interface Program {
  process: ChildProcess;
  /** All that it has said so far. */
  output: () => string;
  /** What of it was on stderr. */
  errors: () => string;
  /** Its exit status; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** Starts it in the account that the SDK is led to. */
function start(...args: string[]): Program {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // as in production, no settings are read from a file
    env: { ...process.env, NODE_ENV: 'production' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.output += text;
    said.errors += text;
  });
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return { process: child, output: () => said.output, errors: () => said.errors, ended };
}

test.each([
  [['status', '--dry-run'], "error: unknown option '--dry-run'"],
  [['stauts'], "error: unknown command 'stauts'"],
  [['up', '--set', 'x'], "error: option '--set <name=value>' argument 'x' is invalid. It must be"],
  [['up', '--set', 'Nonsense=1'], 'Nonsense'],
])('of %j one message says what is wrong, and AWS is asked for nothing', async (args, message) => {
  const account = await openAccount();
  const { ended, errors, output } = start(...args);
  expect(await ended).toBe(1);
  expect(errors()).toContain(message);
  expect(errors()).not.toMatch(/^ +at /m);
  expect(output()).toBe(errors());
  expect(account.actions).toEqual([]);
});

test('without a region, one message says so', async () => {
  const account = await openAccount();
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  const { ended, output } = start('status');
  expect(await ended).toBe(1);
  expect(output()).toMatch(/^[^\n]*region[^\n]*\n$/i);
  expect(account.actions).toEqual([]);
});

test('of an account without a stack, status says how to raise it', async () => {
  await openAccount();
  const { ended, output } = start('status');
  expect({ status: await ended, output: output() }).toEqual({
    status: 0,
    output: expect.stringMatching(
      /^There is no stack minitwit .*: npm run cloud -- up raises it\.\n/,
    ),
  });
});

test('when nobody answers, down removes nothing', async () => {
  const { account, open } = await openWorld();
  await raise(open(), '', { template });
  account.actions.length = 0;
  const { ended, errors } = start('down');
  expect(await ended).toBe(1);
  expect(errors()).toBe('That is not minitwit: nothing was removed.\n');
  expect(changesOf(account)).toEqual([]);
});

test('SIGINT ends the watching of up, and says that AWS goes on', async () => {
  const { account, open } = await openWorld();
  await makeImage(open(), '1.3.0');
  const { process, ended, errors, output } = start('up');
  await until('the change of the stack', () =>
    account.actions.includes('cloudformation:ExecuteChangeSet'),
  );
  process.kill('SIGINT');
  expect(await ended).toBe(1);
  expect(output()).toContain('SIGINT: stopping, and putting things in order first …');
  expect(errors()).toBe(
    'Stopped by SIGINT. AWS goes on with the stack minitwit by itself: the same command watches on.\n',
  );
});
