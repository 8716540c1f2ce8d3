import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { NODE_OPTIONS } from '../support/production.ts';
import { fillIn, type Instance } from './instance.ts';
import {
  CANARY,
  createServerInstance,
  expectUp,
  findCanaryRunning,
  journal,
  listFiles,
  mainPid,
  readServer,
  readSettings,
  SETTINGS,
  show,
  start,
  WAIT,
} from './server-instance.ts';

const AGENT = 'amazon-cloudwatch-agent.service';

const defer = useCleanup();
let instance: Instance;

beforeAll(async () => {
  instance = await createServerInstance(defer);
});

test('runs the server as ec2-user with the exact settings', async () => {
  await start(instance, {
    ...SETTINGS,
    LOG_LEVEL: 'debug',
    LIMIT_POSTS_PER_USER: '7',
    GRAVATAR: 'on',
  });

  await expectUp(instance);
  const status = await readServer(instance, 'status');
  const { output: uid } = await instance.run('id --user ec2-user');
  expect(status).toContain(`Uid:\t${Array(4).fill(uid.trim()).join('\t')}`);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(await readSettings(instance)).toMatchObject({
    ...SETTINGS,
    NODE_ENV: 'production',
    NODE_OPTIONS,
    DB_SSL_CA: '/opt/minitwit/rds-ca.pem',
    TRUST_PROXY: '1',
    LOG_LEVEL: 'debug',
    LIMIT_POSTS_PER_USER: '7',
    GRAVATAR: 'on',
  });
});

test('only root can read the settings', async () => {
  const { output } = await instance.run('stat --format "%U %a" /etc/minitwit.env');
  expect(output).toBe('root 600\n');
  expect(await findCanaryRunning(instance, 'etc', 'usr', 'run')).toBe('etc/minitwit.env\n');
  expect(await journal(instance)).not.toContain(CANARY);
});

test('connects to the database by its name', async () => {
  await vi.waitFor(async () => {
    await instance.run('curl -s http://127.0.0.1:5000/public');
    const calls = await readFile(join(instance.root, 'srv/database-calls'), 'utf8');
    expect(calls).toMatch(/^169.254.169.252:3306$/m);
  }, WAIT);
});

test('restarts the server after each crash', async () => {
  const first = await mainPid(instance);
  await instance.run(`kill -KILL ${first}`);
  await vi.waitFor(async () => expect(await mainPid(instance)).not.toMatch(`^(0|${first})$`), WAIT);
  await expectUp(instance);
  // The number of restarts is not limited.
  expect(await show(instance, 'StartLimitIntervalUSec')).toBe('0');
});

test('the server starts after a reboot', async () => {
  await instance.reboot();
  await expectUp(instance);
  expect(await readSettings(instance)).toMatchObject(SETTINGS);
});

test('applies changed settings if it runs again', async () => {
  await start(instance, { ...SETTINGS, PORT: '5050', DRAIN_MAX_S: '0100' });
  await expectUp(instance, 5050);
  const settings = await readSettings(instance);
  expect(settings).toMatchObject({ PORT: '5050', DRAIN_MAX_S: '0100' });
  expect(settings).not.toHaveProperty('GRAVATAR');
  // The server exits within DRAIN_MAX_S.
  expect(await show(instance, 'TimeoutStopUSec')).toBe('2min');
});

test('lists all invalid settings, also on the console, and changes nothing', async () => {
  await start(instance, SETTINGS);
  const before = [await listFiles(instance, 'etc', 'usr', 'opt'), await mainPid(instance)];

  const nothing = await instance.runUserData(await fillIn({}));
  const names = ['DB_HOST', 'DB_USER', 'DB_NAME', 'DB_PASSWD', 'SESSION_SECRET'];
  for (const name of names) expect(nothing.output).toMatch(`  ${name} is not set`);
  expect(nothing.status).toBe(1);
  await vi.waitFor(() => expect(instance.console()).toContain('SESSION_SECRET is not set'), WAIT);

  const wrong = await instance.runUserData(
    await fillIn({
      ...SETTINGS,
      DB_PASSWD_FROM: 'ssm:/minitwit/db',
      SESSION_SECRET: '',
      SESSION_SECRET_FROM: 'vault:session',
      DRAIN_MAX_S: 'long',
      WEB_CONCURRENCY: '2 + 2',
      LOG_GROUP: 'a|b',
    }),
  );
  expect(wrong.output).toContain('DB_PASSWD and DB_PASSWD_FROM are both set');
  expect(wrong.output).toContain('SESSION_SECRET_FROM must be ssm:NAME or secretsmanager:NAME');
  expect(wrong.output).toContain('DRAIN_MAX_S must be');
  expect(wrong.output).toContain('WEB_CONCURRENCY must be');
  expect(wrong.output).toContain('LOG_GROUP must be the name of a log group');
  expect(wrong.output).not.toContain(CANARY);
  expect(wrong.status).toBe(1);

  expect([await listFiles(instance, 'etc', 'usr', 'opt'), await mainPid(instance)]).toEqual(before);
});

test('prints the log if the server does not start', async () => {
  const script = await fillIn({ ...SETTINGS, DB_POOL_SIZE: 'many' });
  const withShortTimeout = script.replace(/(?<=^readonly UP_MAX_S=)\d+$/m, '3');
  // A busy machine may take longer than those three seconds to start the server.
  await vi.waitFor(async () => {
    const { status, output } = await instance.runUserData(withShortTimeout);
    expect(output).not.toContain(CANARY);
    expect(status).toBe(1);
    expect(output).toMatch(/does not respond on port 5000[^]*DB_POOL_SIZE must be an integer/);
  }, WAIT);
});

test('shuts down gracefully before systemd kills it', async () => {
  await start(instance, SETTINGS);
  const { status } = await instance.run('systemctl stop minitwit.service');
  expect(status).toBe(0);
  expect(await show(instance, 'Result')).toBe('success');
  expect(await show(instance, 'ExecMainStatus')).toBe('0');
  expect(await journal(instance)).toContain('shutting down');
});

test('the CloudWatch agent sends the journal of the server, and cannot take its memory', async () => {
  await instance.run('mkdir -p /srv/cloudwatch/minitwit/log-1');
  await start(instance, { ...SETTINGS, LOG_GROUP: 'minitwit/log-1' });
  await vi.waitFor(async () => {
    await instance.run('curl -s http://127.0.0.1:5000/public');
    const { output } = await instance.run('cat /srv/cloudwatch/minitwit/log-1/log');
    expect(output).toContain('"path":"/public"');
    expect(output).not.toContain(CANARY);
  }, WAIT);
  expect(await show(instance, 'UnitFileState', AGENT)).toBe('enabled');
  const memory = Number(await show(instance, 'MemoryMax', AGENT)) / totalmem();
  expect(memory).toBeLessThan(0.25);
  expect(Number(await show(instance, 'OOMScoreAdjust', AGENT))).toBeGreaterThan(0);
  const { output: limit } = await instance.run('systemd-analyze cat-config systemd/journald.conf');
  expect(limit).toMatch(/^SystemMaxUse=300M$/m);
});

test.each([
  ['fails', 'touch /srv/agent-fails'],
  ['does not exist', `rm /etc/systemd/system/${AGENT}`],
])('the server starts if the CloudWatch agent %s', async (_, prepare) => {
  await instance.run(prepare);
  await start(instance, { ...SETTINGS, LOG_GROUP: 'minitwit/log-1' });
  await expectUp(instance);
});
