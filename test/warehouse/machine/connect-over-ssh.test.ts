import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Login } from '../../../src/warehouse/ssh/ssh-commands.ts';
import { RemoteCommandError, UnreachableError } from '../../../src/warehouse/ssh/ssh-errors.ts';
import { parseHostKeys } from '../../../src/warehouse/ssh/host-keys.ts';
import { connectOverSsh } from '../../../src/warehouse/ssh/connect-over-ssh.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { startCommand } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createInstance, createKey, type Instance } from './instance.ts';

const defer = useCleanup();
let instance: Instance;
let folder: string;

beforeAll(async () => {
  // The path is longer than the limit of a socket's path.
  folder = await mkdtemp(join(tmpdir(), `minitwit-ssh-${'long'.repeat(25)}-`));
  defer(() => rm(folder, { recursive: true }));
  instance = await createInstance(defer);
  await instance.boot();
  await instance.useForSsh();
});

interface Attempt {
  login?: Login;
  hostKeys?: string[] | null;
  signal?: AbortSignal;
}

const connect = (attempt: Attempt = {}) =>
  connectOverSsh(attempt.login ?? instance.login, {
    hostKeys: attempt.hostKeys === undefined ? parseHostKeys(instance.console()) : attempt.hostKeys,
    folder,
    mysqlSocket: '/run/nothing.sock',
    signal: attempt.signal ?? new AbortController().signal,
  });

/** Returns the sessions on the instance. */
const sessions = async () => (await instance.run('pgrep -f "^sshd: ec2-user"')).output.trim();

const makeKey = async () => createKey(await mkdtemp(join(folder, 'key-')));

async function expectFailure(attempt: Promise<unknown>, words: RegExp): Promise<unknown> {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: 'OperatorError', message: expect.stringMatching(words) });
  return error;
}

test('programs get their arguments and stdin as they were given', async () => {
  const remote = await connect();
  const words = [
    '',
    ' a  b ',
    "it's",
    '$HOME',
    '`id`',
    '"',
    '\\',
    'a\nb',
    '*',
    '~',
    'é 🐦',
    '-n',
    '#',
  ];
  expect(await remote.run(['printf', '%s|', ...words])).toBe(words.map((w) => `${w}|`).join(''));
  expect(await remote.run(['cat'], { input: "it's\n" })).toBe("it's\n");
  expect(remote.lost.aborted).toBe(false);
  await remote.close();
  await remote.close();
});

test('the error of a failed program has its stderr', async () => {
  const remote = await connect();
  const error = await expectFailure(
    remote.run(['sudo', '-n', 'ls', '/nothing-here']),
    /^ls failed on the instance: .*No such file/,
  );
  expect(error).toBeInstanceOf(RemoteCommandError);
  expect(error).toMatchObject({ status: 2 });
  await remote.close();
});

test('a connection to an instance with another key than on the console is refused', async () => {
  const other = (await readFile(`${await makeKey()}.pub`, 'utf8')).trim();
  const error = await expectFailure(connect({ hostKeys: [other] }), /has another host key than i-/);
  expect(error).not.toBeInstanceOf(UnreachableError);
  await expectFailure(connect({ hostKeys: [] }), /has another host key than i-/);
  expect(await sessions()).toBe('');
});

test('the first key is trusted, and no other key afterwards', async () => {
  await rm(join(folder, 'known_hosts'), { force: true });
  await (await connect({ hostKeys: null })).close();
  await (await connect({ hostKeys: null })).close();

  const other = (await readFile(`${await makeKey()}.pub`, 'utf8')).trim();
  await writeFile(join(folder, 'known_hosts'), `${instance.login.instanceId} ${other}\n`);
  await expectFailure(connect({ hostKeys: null }), /has another host key than i-/);
});

test('the error of a refused key or user names the settings', async () => {
  const words = /^i-0123456789abcdef0 refuses .*WAREHOUSE_KEY_FILE .*WAREHOUSE_SSH_USER/s;
  const login = { ...instance.login, keyFile: await makeKey() };
  expect(await expectFailure(connect({ login }), words)).not.toBeInstanceOf(UnreachableError);
  await expectFailure(connect({ login: { ...instance.login, user: 'nobody-here' } }), words);
});

test('a connection to an instance that does not answer can be retried', async () => {
  await instance.run('systemctl stop ssh.service');
  try {
    expect(await expectFailure(connect(), /cannot be reached/)).toBeInstanceOf(UnreachableError);
  } finally {
    await instance.run('systemctl start ssh.service');
  }
  await (await connect()).close();
});

test('a lost connection fails running and later commands at once', async () => {
  // The user's configuration would open a new connection automatically.
  await instance.useForSsh('StrictHostKeyChecking no', `IdentityFile ${instance.login.keyFile}`);
  const remote = await connect();
  const running = expectFailure(
    remote.run(['sleep', '1000']),
    /^The connection to i-.* is lost, at sleep/,
  );
  await waitFor('it runs', async () => (await instance.run('pgrep -x sleep')).output !== '');
  await instance.run('pkill -KILL -f "^sshd: ec2-user"');
  await running;
  await expectFailure(remote.run(['true']), /^The connection to i-.* is lost, at true/);
  await waitFor('it is known to be lost', () => remote.lost.aborted);
  expect(String(remote.lost.reason)).toMatch(/^OperatorError: The connection to i-\w+ is lost: \w/);
  await remote.close();
  await instance.useForSsh();
});

test('a command is aborted after its timeout, and the connection still works', async () => {
  const remote = await connect();
  await expectFailure(
    remote.run(['sleep', '1000'], { timeoutMs: 200 }),
    /^sleep did not end .* within 0.2 s/,
  );
  const stop = new AbortController();
  const stopped = remote.run(['sleep', '1000'], { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  expect(await remote.run(['echo', 'there'])).toBe('there\n');
  await remote.close();
});

test('an attempt to connect can be aborted', async () => {
  await expect(connect({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
    'enough',
  );
  const stop = new AbortController();
  const attempt = connect({ signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(attempt).rejects.toThrow('enough');
  await waitFor('nothing is left', async () => (await sessions()) === '');
});

test('Ctrl-C does not end the connection, which ends with the program', async () => {
  const options = {
    hostKeys: parseHostKeys(instance.console()),
    folder,
    mysqlSocket: '/run/nothing.sock',
  };
  const program = `
    import { connectOverSsh } from '${resolve('src/warehouse/ssh/connect-over-ssh.ts')}';
    const options = { ...${JSON.stringify(options)}, signal: new AbortController().signal };
    const remote = await connectOverSsh(${JSON.stringify(instance.login)}, options);
    process.on('SIGINT', async () => console.log(await remote.run(['echo', 'still there'])));
    console.log('connected');
    setInterval(() => undefined, 1000);`;
  const us = startCommand(
    [process.execPath, '--input-type=module', '--eval', program],
    process.env,
  );
  await us.waitForOutput('connected');
  // A terminal sends the signal to the whole process group.
  process.kill(-Number(us.process.pid), 'SIGINT');
  await us.waitForOutput('still there');

  expect(await sessions()).not.toBe('');
  us.process.kill('SIGKILL');
  await waitFor('nothing is left', async () => (await sessions()) === '');
});
