import { access, appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { expectSbom } from '../support/sbom.ts';
import { createInstance, type Instance } from './instance.ts';
import { CANARY, installServer, listFiles } from './server-instance.ts';

const defer = useCleanup();
let instance: Instance;

beforeAll(async () => {
  instance = await createInstance(defer);
  await writeSecrets();
  await installServer(instance);
});

test('installs the server and its production packages only', async () => {
  const list = async (folder: string) =>
    (await instance.runOff(`ls -A ${folder}`)).output.trim().split('\n');
  expect(await list('/opt/minitwit/')).toEqual([
    'cloudwatch-agent.json',
    'database.sh',
    'dist',
    'instance-functions.sh',
    'migrate.sh',
    'migrations',
    'node_modules',
    'package-lock.json',
    'package.json',
    'rds-ca.pem',
    'sbom.cdx.json',
    'scheduled-run.sh',
    'schema.sql',
    'static',
    'views',
    'warehouse.tar.gz',
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
  const file = join(instance.root, (await instance.runOff('readlink /opt/minitwit')).output.trim());
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
  const before = await listFiles(instance, 'etc', 'home', 'opt', 'root', 'usr', 'var');
  const refuses = async (command: string, reason: string) => {
    const { status, output } = await instance.runOff(command);
    expect(output).toContain(reason);
    expect(status).toBe(1);
  };

  await refuses(`setpriv --reuid=ec2-user --clear-groups bash ${script}`, 'This needs root');
  const imitateDebian = 'mount --bind /usr/lib/os-release /etc/os-release';
  await refuses(`${imitateDebian} && bash ${script}`, 'This is not Amazon Linux');
  await refuses(`bash <(cat ${script})`, 'is not a checkout of MiniTwit');

  expect(await listFiles(instance, 'etc', 'home', 'opt', 'root', 'usr', 'var')).toBe(before);
  await rm(checkout, { recursive: true });
});

test('does not replace the release if the new server does not start', async () => {
  const checkout = await instance.copyCheckout();
  await writeFile(join(checkout, 'src/server.ts'), "throw new Error('It is broken');\n");
  const before = await listFiles(instance, 'opt', 'var/tmp', 'home');

  const { status, output } = await instance.runImageScript();

  expect(output).toMatch(/The server does not start[^]*It is broken/);
  expect(status).toBe(1);
  expect(await listFiles(instance, 'opt', 'var/tmp', 'home')).toBe(before);
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
