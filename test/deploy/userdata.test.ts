import { execFile } from 'node:child_process';
import { access, appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { renderInitdbScript } from '../../src/cloud/database/initdb-script.ts';
import { renderScript } from '../../src/aws/render-script.ts';
import { useCleanup } from '../support/cleanup.ts';
import { expectSbom } from '../support/sbom.ts';
import { NODE_OPTIONS } from '../support/production.ts';
import type { Outcome } from '../support/run-command.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { createInstance, fillIn, type Instance } from './instance.ts';

const run = promisify(execFile);

// A search for this text finds every copy of a secret.
const CANARY = 'canary-4f1d9c';
const NASTY = ` "two" 'one' \\ \\\\ \\n $HOME \${HOME} $(id) \`id\` #no=t;a%n %% é 🐦\nnext ${CANARY}\\`;
const SETTINGS = {
  DB_HOST: 'database.test',
  DB_USER: 'minitwit',
  DB_PASSWD: NASTY,
  DB_NAME: 'minitwit',
  SESSION_SECRET: `${CANARY}-and-thirty-two-characters`,
  // These tests have no load balancer.
  DRAIN_DELAY_S: '0',
};
const AGENT = 'amazon-cloudwatch-agent.service';
const WAIT = { timeout: HANG_MS, interval: 100 };

const defer = useCleanup();
let instance: Instance;

beforeAll(async () => {
  instance = await createInstance(defer);
  await instance.copyCheckout();
  await writeSecrets();
  const { status, output } = await instance.runImageScript();
  expect(output).toContain('/opt/minitwit is ready');
  expect(status).toBe(0);
});

describe('image.sh', () => {
  test('installs the server and its production packages only', async () => {
    const list = async (folder: string) =>
      (await instance.runOff(`ls -A ${folder}`)).output.trim().split('\n');
    expect(await list('/opt/minitwit/')).toEqual([
      'cloudwatch-agent.json',
      'database.sh',
      'dist',
      'instance-functions.sh',
      'node_modules',
      'package-lock.json',
      'package.json',
      'rds-ca.pem',
      'sbom.cdx.json',
      'schema.sql',
      'static',
      'views',
    ]);
    const folders = await instance.runOff('cd /opt/minitwit/node_modules && ls -d * @*/*');
    const packages = folders.output.trim().split('\n');
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const direct = JSON.parse(await readFile('package.json', 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    expect(packages).toEqual(expect.arrayContaining(Object.keys(direct.dependencies)));
    // Some development packages are also dependencies of production packages.
    const unneeded = Object.keys(direct.devDependencies).filter(
      (name) => lock.packages[`node_modules/${name}`]?.dev,
    );
    expect(unneeded).toContain('typescript');
    for (const name of unneeded) expect(packages).not.toContain(name);
  });

  test('the SBOM lists the production packages only', async () => {
    const file = join(
      instance.root,
      (await instance.runOff('readlink /opt/minitwit')).output.trim(),
    );
    await expectSbom(await readFile(join(file, 'sbom.cdx.json'), 'utf8'));
  });

  test('only root can change the files', async () => {
    const found = await instance.runOff(
      'find /opt/ ! -type l \\( ! -user root -o -perm /022 -o ! -perm -004 \\)',
    );
    expect(found).toEqual({ status: 0, output: '' });
  });

  test('deletes personal data and secrets', async () => {
    expect(await findCanary()).toBe('');
    expect(await readFile(join(instance.root, 'etc/machine-id'), 'utf8')).toBe('');
    const gone = ['root/.npm', 'root/.ssh', 'home/ec2-user/.ssh', 'home/ec2-user/minitwit'];
    for (const path of [...gone, 'etc/ssh/ssh_host_rsa_key'])
      await expect(access(join(instance.root, path)), path).rejects.toThrow('ENOENT');
    expect(await readdir(join(instance.root, 'var/tmp'))).toEqual([]);
    expect(await readFile(join(instance.root, 'srv/dnf-calls'), 'utf8')).toContain('clean all');
  });

  test('refuses to run on another system, and changes nothing', async () => {
    const checkout = await instance.copyCheckout();
    const script = `/${relative(instance.root, checkout)}/userdata/image.sh`;
    const before = await listFiles('etc', 'home', 'opt', 'root', 'usr', 'var');
    const refuses = async (command: string, reason: string) => {
      const { status, output } = await instance.runOff(command);
      expect(output).toContain(reason);
      expect(status).toBe(1);
    };

    await refuses(`setpriv --reuid=ec2-user --clear-groups bash ${script}`, 'This needs root');
    const imitateDebian = 'mount --bind /usr/lib/os-release /etc/os-release';
    await refuses(`${imitateDebian} && bash ${script}`, 'This is not Amazon Linux');
    await refuses(`bash <(cat ${script})`, 'is not a checkout of MiniTwit');

    expect(await listFiles('etc', 'home', 'opt', 'root', 'usr', 'var')).toBe(before);
    await rm(checkout, { recursive: true });
  });

  test('does not replace the release if the new server does not start', async () => {
    const checkout = await instance.copyCheckout();
    await writeFile(join(checkout, 'src/server.ts'), "throw new Error('It is broken');\n");
    const before = await listFiles('opt', 'var/tmp', 'home');

    const { status, output } = await instance.runImageScript();

    expect(output).toMatch(/The server does not start[^]*It is broken/);
    expect(status).toBe(1);
    expect(await listFiles('opt', 'var/tmp', 'home')).toBe(before);
    await rm(checkout, { recursive: true });
  });

  test('upgrades an instance that has run MiniTwit', async () => {
    const checkout = await instance.copyCheckout();
    await appendFile(join(checkout, 'static/style.css'), '/* newer */\n');
    const units = 'etc/systemd/system';
    await writeCanary('etc/minitwit.env', `${units}/minitwit.service`);
    await writeCanary(`${units}/minitwit-secrets.service`);
    await writeCanary(`${units}/multi-user.target.wants/minitwit.service`);

    const upgraded = await instance.runImageScript();
    expect(upgraded.output).toContain('is ready');
    expect(upgraded.status).toBe(0);

    const { output } = await instance.runOff(
      'tail -n 1 /opt/minitwit/static/style.css; cd /opt; ls -d minitwit*',
    );
    expect(output).toMatch(/^\/\* newer \*\/\nminitwit\nminitwit\.\S+\n$/);
    expect(await findCanary()).toBe('');
  });
});

describe('minitwit.sh', () => {
  beforeAll(async () => {
    await instance.boot();
    await start(SETTINGS);
  });

  test('runs the server as ec2-user with the exact settings', async () => {
    await start({ ...SETTINGS, LOG_LEVEL: 'debug', LIMIT_POSTS_PER_USER: '7', GRAVATAR: 'on' });

    await expectUp();
    const status = await readServer('status');
    const { output: uid } = await instance.run('id --user ec2-user');
    expect(status).toContain(`Uid:\t${Array(4).fill(uid.trim()).join('\t')}`);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(await readSettings()).toMatchObject({
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
    expect(await findCanaryRunning('etc', 'usr', 'run')).toBe('etc/minitwit.env\n');
    expect(await journal()).not.toContain(CANARY);
  });

  test('connects to the database by its name', async () => {
    await vi.waitFor(async () => {
      await instance.run('curl -s http://127.0.0.1:5000/public');
      const calls = await readFile(join(instance.root, 'srv/database-calls'), 'utf8');
      expect(calls).toMatch(/^169.254.169.252:3306$/m);
    }, WAIT);
  });

  test('restarts the server after each crash', async () => {
    const first = await mainPid();
    await instance.run(`kill -KILL ${first}`);
    await vi.waitFor(async () => expect(await mainPid()).not.toMatch(`^(0|${first})$`), WAIT);
    await expectUp();
    // The number of restarts is not limited.
    expect(await show('StartLimitIntervalUSec')).toBe('0');
  });

  test('the server starts after a reboot', async () => {
    await instance.reboot();
    await expectUp();
    expect(await readSettings()).toMatchObject(SETTINGS);
  });

  test('applies changed settings if it runs again', async () => {
    await start({ ...SETTINGS, PORT: '5050', DRAIN_MAX_S: '0100' });
    await expectUp(5050);
    const settings = await readSettings();
    expect(settings).toMatchObject({ PORT: '5050', DRAIN_MAX_S: '0100' });
    expect(settings).not.toHaveProperty('GRAVATAR');
    // The server exits within DRAIN_MAX_S.
    expect(await show('TimeoutStopUSec')).toBe('2min');
  });

  test('lists all invalid settings, also on the console, and changes nothing', async () => {
    await start(SETTINGS);
    const before = [await listFiles('etc', 'usr', 'opt'), await mainPid()];

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

    expect([await listFiles('etc', 'usr', 'opt'), await mainPid()]).toEqual(before);
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
    await start(SETTINGS);
    const { status } = await instance.run('systemctl stop minitwit.service');
    expect(status).toBe(0);
    expect(await show('Result')).toBe('success');
    expect(await show('ExecMainStatus')).toBe('0');
    expect(await journal()).toContain('shutting down');
  });

  test('reads secrets with the role of the instance, and retries until it has one', async () => {
    const { DB_PASSWD, SESSION_SECRET, ...others } = SETTINGS;
    const places = { DB_PASSWD_FROM: 'ssm:/minitwit/db', SESSION_SECRET_FROM: 'secretsmanager:s' };
    await recordNode();
    const giveRole = async () => {
      // Two attempts have failed.
      await vi.waitFor(async () => expect((await awsCalls()).length).toBeGreaterThan(1), WAIT);
      await putSecret('/minitwit/db', { Parameter: { Value: DB_PASSWD } });
      await putSecret('s', { SecretString: SESSION_SECRET });
    };
    await Promise.all([start({ ...others, ...places }), giveRole()]);

    await expectUp();
    expect(await readSettings()).toMatchObject({ DB_PASSWD, SESSION_SECRET });
    for (const call of await awsCalls())
      expect(call).toMatch(/^HOME=\/root AWS_REGION=eu-test-1 aws /);
    // Only the responses of this test contain the secrets.
    expect(await findCanaryRunning('etc', 'opt', 'run', 'tmp', 'usr', 'var')).toBe('');
    expect(await journal()).not.toContain(CANARY);
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
    await expectUp();
    expect(await readSettings()).toMatchObject({ DB_PASSWD: 'late' });
  });

  test('a restart of the service reads changed secrets, also those of RDS', async () => {
    const { DB_PASSWD, SESSION_SECRET: _, ...others } = SETTINGS;
    const json = '{"not":"from RDS and long enough for a secret"}';
    await putSecret('s', { SecretString: json });
    await putSecret('rds!db-1', { SecretString: JSON.stringify({ password: DB_PASSWD }) });
    await start({
      ...others,
      DB_PASSWD_FROM: 'secretsmanager:rds!db-1',
      SESSION_SECRET_FROM: 'secretsmanager:s',
      AWS_REGION: 'eu-test-2',
    });
    expect(await readSettings()).toMatchObject({ DB_PASSWD, SESSION_SECRET: json });
    expect((await awsCalls()).at(-1)).toContain('AWS_REGION=eu-test-2');

    await putSecret('rds!db-1', { SecretString: '{"username":"a","password":"rotated"}' });
    await instance.run('systemctl restart minitwit.service');
    expect(await readSettings()).toMatchObject({ DB_PASSWD: 'rotated' });

    // Settings without a location replace the secrets.
    await start(SETTINGS);
    expect(await readSettings()).toMatchObject(SETTINGS);
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

  test('restart.sh restarts the server only while it does not use the current secrets', async () => {
    const { DB_PASSWD: _, SESSION_SECRET, ...others } = SETTINGS;
    await putSecret('db', { SecretString: `${CANARY}-1` });
    await putSecret('s', { SecretString: SESSION_SECRET });
    await start({
      ...others,
      DB_PASSWD_FROM: 'secretsmanager:db',
      SESSION_SECRET_FROM: 'secretsmanager:s',
    });
    const pid = await mainPid();
    expect(await runRestart('yes')).toEqual({ status: 0, output: 'current\n' });

    await putSecret('db', { SecretString: `${CANARY}-2` });
    expect(await runRestart('no')).toEqual({ status: 0, output: 'outdated\n' });
    expect(await mainPid()).toBe(pid);

    expect(await runRestart('yes')).toEqual({ status: 0, output: 'restarted\n' });
    expect(await mainPid()).not.toBe(pid);
    expect(await readSettings()).toMatchObject({ DB_PASSWD: `${CANARY}-2`, SESSION_SECRET });
    expect(await runRestart('yes')).toEqual({ status: 0, output: 'current\n' });
  });

  test('restart.sh fails if the server does not use the secrets after its restarts', async () => {
    await putSecret('db', { SecretString: `${CANARY}-1` });
    await start(SETTINGS);
    const { status, output } = await runRestart('yes');
    expect(output).toBe(
      'The server does not use the current secrets after its restarts. Compare DB_PASSWD_FROM and SESSION_SECRET_FROM in /etc/minitwit.env with the secrets of the stack.\n',
    );
    expect(status).toBe(1);
  });

  test.each([
    ['minitwit.service', 1.1],
    ['minitwit-secrets.service', 1.6],
  ])('the sandbox of %s has a low exposure level', async (unit, allowed) => {
    const { output } = await instance.run(`systemd-analyze security ${unit} --no-pager`);
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(output) ?? [];
    expect(Number(exposure), output).toBeLessThanOrEqual(allowed);
  });

  test('the server cannot reach the metadata service, but other programs can', async () => {
    await start(SETTINGS);
    expect((await show('IPAddressDeny')).split(' ').toSorted()).toEqual([
      '169.254.169.254/32',
      'fd00:ec2::254/128',
    ]);
    const metadata = 'curl -sS -m 5 -o /dev/null -w "%{http_code}" http://169.254.169.254/';
    expect(await instance.run(metadata)).toEqual({ status: 0, output: '401' });
    // Status 28 is a timeout of curl.
    expect(await asServer(metadata)).toMatchObject({ status: 28 });
    expect(await asServer(connectTo('169.254.169.252', 3306))).toMatchObject({ status: 0 });
    expect(await asServer(connectTo('203.0.113.9', 443))).toMatchObject({ status: 0 });
  });

  test('the server of a stack can reach private addresses only', async () => {
    const template = await readFile('cloud/minitwit.yaml', 'utf8');
    const [, networks = ''] = /^ +export SERVER_NETWORKS='(.+)'$/m.exec(template) ?? [];
    expect(networks).toContain('10.0.0.0/8');
    // The stack sets the settings before the script.
    const script = await readFile('userdata/minitwit.sh', 'utf8');
    const lines = Object.entries({ ...SETTINGS, SERVER_NETWORKS: networks }).map(
      ([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`,
    );
    const { status, output } = await instance.runUserData(
      `#!/bin/bash\n${lines.join('')}${script}`,
    );
    expect(output).toContain('MiniTwit is up');
    expect(status).toBe(0);
    const { DRAIN_DELAY_S: _, ...required } = SETTINGS;
    expect(await readSettings()).toMatchObject(required);
    expect(await instance.run(connectTo('203.0.113.9', 443))).toMatchObject({ status: 0 });
    // Status 124 is a timeout.
    expect(await asServer(connectTo('203.0.113.9', 443))).toMatchObject({ status: 124 });
    expect(await asServer(connectTo('169.254.169.254', 80))).toMatchObject({ status: 124 });
    expect(await asServer(connectTo('10.0.0.6', 443))).toMatchObject({ status: 0 });
    expect(await asServer(connectTo('127.0.0.1', 5000))).toMatchObject({ status: 0 });
  });

  test('the memory and the processes of the server are limited', async () => {
    await start({ ...SETTINGS, WEB_CONCURRENCY: '02' });
    const memory = Number(await show('MemoryMax')) / totalmem();
    expect(memory).toBeGreaterThan(0.7);
    expect(memory).toBeLessThan(0.8);
    expect(await show('TasksMax')).toBe(String(3 * 64 + availableParallelism()));
    expect(await show('OOMPolicy')).toBe('continue');
  });

  test('the CloudWatch agent sends the journal of the server, and cannot take its memory', async () => {
    await instance.run('mkdir -p /srv/cloudwatch/minitwit/log-1');
    await start({ ...SETTINGS, LOG_GROUP: 'minitwit/log-1' });
    await vi.waitFor(async () => {
      await instance.run('curl -s http://127.0.0.1:5000/public');
      const { output } = await instance.run('cat /srv/cloudwatch/minitwit/log-1/log');
      expect(output).toContain('"path":"/public"');
      expect(output).not.toContain(CANARY);
    }, WAIT);
    expect(await show('UnitFileState', AGENT)).toBe('enabled');
    const memory = Number(await show('MemoryMax', AGENT)) / totalmem();
    expect(memory).toBeLessThan(0.25);
    expect(Number(await show('OOMScoreAdjust', AGENT))).toBeGreaterThan(0);
    const { output: limit } = await instance.run(
      'systemd-analyze cat-config systemd/journald.conf',
    );
    expect(limit).toMatch(/^SystemMaxUse=300M$/m);
  });

  test.each([
    ['fails', 'touch /srv/agent-fails'],
    ['does not exist', `rm /etc/systemd/system/${AGENT}`],
  ])('the server starts if the CloudWatch agent %s', async (_, prepare) => {
    await instance.run(prepare);
    await start({ ...SETTINGS, LOG_GROUP: 'minitwit/log-1' });
    await expectUp();
  });
});

async function start(settings: Record<string, string>): Promise<void> {
  const { status, output } = await instance.runUserData(await fillIn(settings));
  expect(output).toContain('MiniTwit is up');
  expect(status).toBe(0);
}

async function expectUp(port = 5000): Promise<void> {
  const healthz = `http://127.0.0.1:${port}/healthz`;
  await vi.waitFor(
    async () => expect(await instance.run(`curl -fsS ${healthz}`)).toMatchObject({ status: 0 }),
    WAIT,
  );
}

async function show(property: string, unit = 'minitwit.service'): Promise<string> {
  const { output } = await instance.run(`systemctl show --property ${property} --value ${unit}`);
  return output.trim();
}

const mainPid = () => show('MainPID');

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

/** Runs a command in the control group of the server, so that the server's IP filter applies to the command. */
async function asServer(command: string): Promise<Outcome> {
  const group = `/sys/fs/cgroup${await show('ControlGroup')}/cgroup.procs`;
  return instance.run(`echo $$ >${group} && ${command}`);
}

/** Returns a command that connects, and fails with status 124 after five seconds. */
function connectTo(address: string, port: number): string {
  return `timeout 5 bash -c ': </dev/tcp/${address}/${port}'`;
}

async function readServer(file: string): Promise<string> {
  const { output } = await instance.run(`cat /proc/${await mainPid()}/${file}`);
  return output;
}

async function readSettings(): Promise<Record<string, string>> {
  const variables = (await readServer('environ')).split('\0').filter(Boolean);
  return Object.fromEntries(
    variables.map((variable) => {
      const end = variable.indexOf('=');
      return [variable.slice(0, end), variable.slice(end + 1)];
    }),
  );
}

async function journal(): Promise<string> {
  const { output } = await instance.run('journalctl --no-pager');
  expect(output).toContain('Started minitwit.service');
  return output;
}

/** Returns the path, size, mode, owner and modification time of each file in these folders of the instance. */
async function listFiles(...folders: string[]): Promise<string> {
  const { stdout } = await run('find', [...folders, '-type', 'f', '-printf', '%p %s %m %u %T@\n'], {
    cwd: instance.root,
    maxBuffer: 1 << 26,
  });
  return stdout.split('\n').toSorted().join('\n');
}

async function writeCanary(...paths: string[]): Promise<void> {
  for (const path of paths) {
    const file = join(instance.root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `secret=${CANARY}\n`);
  }
}

async function writeSecrets(): Promise<void> {
  for (const home of ['root', 'home/ec2-user'])
    for (const file of ['.bash_history', '.mysql_history', '.ssh/authorized_keys', '.ssh/id_rsa'])
      await writeCanary(`${home}/${file}`);
  await writeCanary(
    'root/.npmrc',
    'home/ec2-user/.aws/credentials',
    'home/ec2-user/.git-credentials',
  );
  const checkout = 'home/ec2-user/minitwit';
  await writeCanary(
    `${checkout}/.env`,
    `${checkout}/.data/session-secret`,
    `${checkout}/.git/config`,
  );
  await writeCanary('var/lib/cloud/instances/i-1/user-data.txt', 'var/lib/cloud/data/previous');
  await writeCanary('var/log/cloud-init-output.log', 'var/log/journal/1/system.journal');
  await writeCanary('etc/ssh/ssh_host_rsa_key', 'var/lib/systemd/random-seed');
}

/** Returns the files that contain the canary. The instance must be off. */
async function findCanary(): Promise<string> {
  const { output } = await instance.runOff(
    `cd / && grep -rlsF ${CANARY} $(ls -A | grep -vx -e proc -e sys -e dev)`,
  );
  return output;
}

/** Returns the files in these folders that contain the canary. The instance must be on. */
async function findCanaryRunning(...folders: string[]): Promise<string> {
  const { output } = await instance.run(`cd / && grep -rlsF ${CANARY} ${folders.join(' ')}`);
  return output;
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
