import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { renderScript } from '../../src/aws/render-script.ts';
import { renderInitdbScript } from '../../src/cloud/database/initdb-script.ts';
import { useCleanup } from '../support/cleanup.ts';
import type { Outcome } from '../support/run-command.ts';
import { fillIn, type Instance } from './instance.ts';
import {
  CANARY,
  createServerInstance,
  expectUp,
  findCanaryRunning,
  journal,
  mainPid,
  readSettings,
  SETTINGS,
  start,
  WAIT,
} from './server-instance.ts';

const defer = useCleanup();
let instance: Instance;

beforeAll(async () => {
  instance = await createServerInstance(defer);
});

test('reads secrets with the role of the instance, and retries until it has one', async () => {
  const { DB_PASSWD, SESSION_SECRET, ...others } = SETTINGS;
  const MAIL_URL = `smtps://user:${CANARY}@mail.example.com:465`;
  const places = {
    DB_PASSWD_FROM: 'ssm:/minitwit/db',
    SESSION_SECRET_FROM: 'secretsmanager:s',
    MAIL_URL_FROM: 'secretsmanager:mail',
    MAIL_FROM: 'noreply@example.com',
    SITE_URL: 'https://example.com',
  };
  await recordNode();
  const giveRole = async () => {
    // Two attempts have failed.
    await vi.waitFor(async () => expect((await awsCalls()).length).toBeGreaterThan(1), WAIT);
    await putSecret('/minitwit/db', { Parameter: { Value: DB_PASSWD } });
    await putSecret('s', { SecretString: SESSION_SECRET });
    await putSecret('mail', { SecretString: MAIL_URL });
  };
  await Promise.all([start(instance, { ...others, ...places }), giveRole()]);

  await expectUp(instance);
  expect(await readSettings(instance)).toMatchObject({ DB_PASSWD, SESSION_SECRET, MAIL_URL });
  for (const call of await awsCalls())
    expect(call).toMatch(/^HOME=\/root AWS_REGION=eu-test-1 aws /);
  // Only the responses of this test contain the secrets.
  expect(await findCanaryRunning(instance, 'etc', 'opt', 'run', 'tmp', 'usr', 'var')).toBe('');
  expect(await journal(instance)).not.toContain(CANARY);
  const { output: calls } = await instance.run('cat /srv/node-calls /srv/aws/calls');
  expect(calls).toContain('DB_PASSWD');
  expect(calls).not.toContain(CANARY);
  // The file was in memory, and only root could open it.
  expect(calls).toMatch(/^root 700 tmpfs\nroot 600 tmpfs$/m);
});

test('retries to read secrets, and then starts the server', async () => {
  const { DB_PASSWD: _, ...others } = SETTINGS;
  const script = await fillIn({ ...others, DB_PASSWD_FROM: 'ssm:/minitwit/late' });
  const tries = async () =>
    (await awsCalls()).filter((call) => call.endsWith('/minitwit/late')).length;
  const kill = async () => {
    await vi.waitFor(async () => expect(await tries()).toBeGreaterThan(0), WAIT);
    await instance.run('systemctl kill --signal=KILL minitwit-secrets.service');
  };
  const [{ status, output }] = await Promise.all([instance.runUserData(script), kill()]);
  expect(output).toContain('systemd restarts it');
  expect(status).toBe(1);

  await putSecret('/minitwit/late', { Parameter: { Value: 'late' } });
  await expectUp(instance);
  expect(await readSettings(instance)).toMatchObject({ DB_PASSWD: 'late' });
});

test('a restart of the service reads changed secrets, also those of RDS', async () => {
  const { DB_PASSWD, SESSION_SECRET: _, ...others } = SETTINGS;
  const json = '{"not":"from RDS and long enough for a secret"}';
  await putSecret('s', { SecretString: json });
  await putSecret('rds!db-1', { SecretString: JSON.stringify({ password: DB_PASSWD }) });
  await start(instance, {
    ...others,
    DB_PASSWD_FROM: 'secretsmanager:rds!db-1',
    SESSION_SECRET_FROM: 'secretsmanager:s',
    AWS_REGION: 'eu-test-2',
  });
  expect(await readSettings(instance)).toMatchObject({ DB_PASSWD, SESSION_SECRET: json });
  expect((await awsCalls()).at(-1)).toContain('AWS_REGION=eu-test-2');

  await putSecret('rds!db-1', { SecretString: '{"username":"a","password":"rotated"}' });
  await instance.run('systemctl restart minitwit.service');
  expect(await readSettings(instance)).toMatchObject({ DB_PASSWD: 'rotated' });

  // Settings without a location replace the secrets.
  await start(instance, SETTINGS);
  expect(await readSettings(instance)).toMatchObject(SETTINGS);
});

test('initdb.sh runs as the user `nobody` with three secrets', async () => {
  await putSecret('rds!db-2', { SecretString: `{"username":"admin","password":"${CANARY}"}` });
  await putSecret('own', { SecretString: CANARY });
  await putSecret('reader', { SecretString: CANARY });
  const script = await renderInitdbScript({
    region: 'eu-test-1',
    endpoint: 'nowhere.invalid',
    masterSecret: 'rds!db-2',
    databasePassword: 'own',
    readerPassword: 'reader',
  });
  await writeFile(join(instance.root, 'srv/script.sh'), script);
  const { status, output } = await instance.run('rm -f /usr/local/bin/node; bash /srv/script.sh');
  // The script has read all secrets and started initdb.
  expect(output).toBe('The host "nowhere.invalid" does not exist. Check DB_HOST.\n');
  expect(status).toBe(1);
});

test('app-password.sh reads the versions of the password, and runs as the user `nobody`', async () => {
  await putSecret('rds!db-2', { SecretString: `{"username":"admin","password":"${CANARY}"}` });
  await putSecret('own', { SecretString: CANARY });
  const script = await renderScript('app-password.sh', {
    AWS_REGION: 'eu-test-1',
    DB_HOST: 'nowhere.invalid',
    MASTER_SECRET: 'rds!db-2',
    DATABASE_USER: 'minitwit',
    DATABASE_PASSWORD: 'own',
    CURRENT_VERSION: 'version-1',
    PENDING_VERSION: 'version-2',
    COMMAND: 'add',
  });
  await writeFile(join(instance.root, 'srv/script.sh'), script);
  const { status, output } = await instance.run('rm -f /usr/local/bin/node; bash /srv/script.sh');
  expect(output).toMatch(
    /^The host "nowhere\.invalid" does not exist\. Check DB_HOST\.\nIf the database does not accept [^\n]+\n$/,
  );
  expect(status).toBe(1);
  expect((await awsCalls()).slice(-3).map((call) => call.replace(/.*--secret-id /, ''))).toEqual([
    'own --version-stage AWSCURRENT --version-id version-1',
    'own --version-stage AWSPENDING --version-id version-2',
    'rds!db-2',
  ]);
});

test('admin.sh runs as the user `nobody` with the password, and passes its words on unchanged', async () => {
  await putSecret('own', { SecretString: CANARY });
  const words = ['moderator', '$(id)\n"\'`', '--nothing'];
  const script = await renderScript('admin.sh', {
    AWS_REGION: 'eu-test-1',
    DB_HOST: 'nowhere.invalid',
    DATABASE_PASSWORD: 'own',
    SITE_URL: 'https://example.com',
    WORDS: Buffer.from(words.map((word) => `${word}\0`).join('')).toString('base64'),
  });
  await writeFile(join(instance.root, 'srv/script.sh'), script);
  const { status, output } = await instance.run('rm -f /usr/local/bin/node; bash /srv/script.sh');
  expect(output).toBe("error: unknown option '--nothing'\n");
  expect(status).toBe(1);
});

test('restart.sh restarts the server only while it does not use the current secrets', async () => {
  const { DB_PASSWD: _, SESSION_SECRET, ...others } = SETTINGS;
  await putSecret('db', { SecretString: `${CANARY}-1` });
  await putSecret('s', { SecretString: SESSION_SECRET });
  await start(instance, {
    ...others,
    DB_PASSWD_FROM: 'secretsmanager:db',
    SESSION_SECRET_FROM: 'secretsmanager:s',
  });
  const pid = await mainPid(instance);
  expect(await runRestart('yes')).toEqual({ status: 0, output: 'current\n' });

  await putSecret('db', { SecretString: `${CANARY}-2` });
  expect(await runRestart('no')).toEqual({ status: 0, output: 'outdated\n' });
  expect(await mainPid(instance)).toBe(pid);

  expect(await runRestart('yes')).toEqual({ status: 0, output: 'restarted\n' });
  expect(await mainPid(instance)).not.toBe(pid);
  expect(await readSettings(instance)).toMatchObject({ DB_PASSWD: `${CANARY}-2`, SESSION_SECRET });
  expect(await runRestart('yes')).toEqual({ status: 0, output: 'current\n' });
});

test('restart.sh fails if the server does not use the secrets after its restarts', async () => {
  await putSecret('db', { SecretString: `${CANARY}-1` });
  await start(instance, SETTINGS);
  const { status, output } = await runRestart('yes');
  expect(output).toBe(
    'The server does not use the current secrets after its restarts. Compare DB_PASSWD_FROM and SESSION_SECRET_FROM in /etc/minitwit.env with the secrets of the stack.\n',
  );
  expect(status).toBe(1);
});

async function runRestart(mayRestart: 'yes' | 'no'): Promise<Outcome> {
  const script = await renderScript('restart.sh', {
    AWS_REGION: 'eu-test-1',
    DATABASE_PASSWORD: 'db',
    DATABASE_PASSWORD_VERSION: 'version-1',
    SESSION_SECRET: 's',
    SESSION_SECRET_VERSION: 'version-2',
    MAY_RESTART: mayRestart,
  });
  // These tests have no database.
  await writeFile(join(instance.root, 'srv/script.sh'), script.replace('/readyz', '/healthz'));
  return instance.run('bash /srv/script.sh');
}

/**
 * Records the arguments of each `node` without a path, such as that of minitwit-secrets, and the permissions of its
 * file.
 */
async function recordNode(): Promise<void> {
  const script = `#!/bin/sh
echo "$*" >>/srv/node-calls
for each in $RUNTIME_DIRECTORY $RUNTIME_DIRECTORY/env; do
  echo "$(stat --format '%U %a' $each) $(stat --file-system --format %T $each)"
done >>/srv/node-calls
exec /usr/bin/node "$@"
`;
  await writeFile(join(instance.root, 'usr/local/bin/node'), script, { mode: 0o755 });
}

/** Sets the response of the AWS stand-in for a secret. */
async function putSecret(name: string, response: object): Promise<void> {
  const file = join(instance.root, 'srv/aws', name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(response));
}

async function awsCalls(): Promise<string[]> {
  const calls = await readFile(join(instance.root, 'srv/aws/calls'), 'utf8').catch(() => '');
  return calls.split('\n').filter(Boolean);
}
