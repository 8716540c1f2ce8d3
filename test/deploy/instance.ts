import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Defer } from '../support/cleanup.ts';
import { createAuthority, type KeyPair } from '../support/certificates.ts';
import { reservePort } from '../support/ports.ts';
import { CACHE } from '../support/cache.ts';
import { createMachine, type Machine } from './machine.ts';
import type { Outcome } from '../support/run-command.ts';

const run = promisify(execFile);
const STAND_INS = 'test/deploy/stand-ins';
const CHECKOUT = 'home/ec2-user/minitwit';
// The cache of stand-ins/npm-24.
const INSTALLED = join(CACHE, 'npm-ci');

/** A machine in place of an EC2 instance with Amazon Linux. It uses the programs in `stand-ins/`. */
export interface Instance extends Machine {
  /** The authority that the image trusts as that of RDS. */
  authority: KeyPair;
  /** Copies the files of the repository to the instance, and returns their folder. */
  copyCheckout(): Promise<string>;
  /** Runs userdata/image.sh of the copied checkout while the instance is off. */
  runImageScript(): Promise<Outcome>;
  /** Runs user data in the way of cloud-init. */
  runUserData(script: string): Promise<Outcome>;
}

/** Creates an instance without MiniTwit, which is off. `defer` destroys it. */
export async function createInstance(defer: Defer): Promise<Instance> {
  const machine = await createMachine(defer);
  const { root } = machine;
  // This folder is deleted with the machine.
  const shared = join(dirname(root), 'shared');
  await mkdir(shared);
  const authority = await createAuthority(shared, 'authority');
  await mkdir(INSTALLED, { recursive: true });
  await imitateAmazonLinux(root);

  const copyCheckout = async () => {
    const checkout = join(root, CHECKOUT);
    await mkdir(checkout, { recursive: true });
    // Uncommitted changes are included.
    const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const { stdout } = await run('git', list);
    const files = stdout.split('\0').filter(Boolean);
    await run('cp', ['-a', '--parents', ...files, checkout]);
    await setSmokeTestPort(join(checkout, 'userdata/image.sh'), await reservePort(defer));
    return checkout;
  };

  const runImageScript = async () =>
    machine.runOff(`bash /${CHECKOUT}/userdata/image.sh`, [
      { from: 'node_modules/node/bin/node', to: '/srv/host/node' },
      { from: await findNpm(), to: '/srv/host/npm' },
      { from: authority.certificate, to: '/srv/host/authority.pem' },
      { from: INSTALLED, to: '/srv/host/npm-ci' },
      { from: INSTALLED, to: '/srv/host/npm-ci-new', isWritable: true },
    ]);

  const runUserData = async (script: string) => {
    const cloud = join(root, 'var/lib/cloud');
    const folder = join(cloud, 'instances/i-1/scripts');
    await mkdir(folder, { recursive: true });
    await rm(join(cloud, 'instance'), { force: true });
    await symlink('instances/i-1', join(cloud, 'instance'));
    await writeFile(join(folder, 'part-001'), script, { mode: 0o700 });
    return machine.run('cd / && /var/lib/cloud/instance/scripts/part-001');
  };

  return { ...machine, authority, copyCheckout, runImageScript, runUserData };
}

/** Sets the port on which image.sh tests the server, because concurrent test runs share the network of this machine. */
async function setSmokeTestPort(imageScript: string, port: number): Promise<void> {
  const script = await readFile(imageScript, 'utf8');
  const changed = script.replace(/(?<=^readonly SMOKE_TEST_PORT=)\d+$/m, String(port));
  if (changed === script) throw new Error(`${imageScript} does not set SMOKE_TEST_PORT.`);
  await writeFile(imageScript, changed);
}

async function imitateAmazonLinux(root: string): Promise<void> {
  await rm(join(root, 'etc/os-release'));
  await writeFile(join(root, 'etc/os-release'), 'ID="amzn"\nVERSION_ID="2023"\n');
  for (const program of ['dnf', 'alternatives', 'aws'])
    await cp(join(STAND_INS, program), join(root, 'usr/bin', program));
  const packages = ['npm-24', 'start-amazon-cloudwatch-agent', 'amazon-cloudwatch-agent.service'];
  for (const name of packages) await cp(join(STAND_INS, name), join(root, 'srv/packages', name));
  await cp(join(STAND_INS, 'curl'), join(root, 'usr/local/bin/curl'));
  await cp(join(STAND_INS, 'network.mjs'), join(root, 'usr/local/lib/network.mjs'));
  const units = join(root, 'etc/systemd/system');
  await cp(join(STAND_INS, 'network.service'), join(units, 'network.service'));
  await symlink('../network.service', join(units, 'multi-user.target.wants/network.service'));
  // The stand-ins record their calls in /srv.
  await mkdir(join(units, 'minitwit-secrets.service.d'));
  const writable = '[Service]\nReadWritePaths=/srv\n';
  await writeFile(join(units, 'minitwit-secrets.service.d/stand-ins.conf'), writable);
  await mkdir(join(root, 'etc/systemd/resolved.conf.d'));
  const resolved = '[Resolve]\nDNS=169.254.169.253\nDNSSEC=no\n';
  await writeFile(join(root, 'etc/systemd/resolved.conf.d/network.conf'), resolved);
  await mkdir(join(root, 'srv/aws'));
}

/** Returns the folder of the npm package on this machine. */
async function findNpm(): Promise<string> {
  const { stdout } = await run('which', ['npm']);
  return dirname(dirname(await realpath(stdout.trim())));
}

/** Returns userdata/minitwit.sh with settings. A setting without a line gets a new one. */
export async function fillIn(settings: Record<string, string>): Promise<string> {
  let script = await readFile('userdata/minitwit.sh', 'utf8');
  for (const [name, value] of Object.entries(settings)) {
    const line = `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`;
    const place = new RegExp(`^ *(# )?export ${name}=.*$`, 'm');
    script = place.test(script)
      ? script.replace(place, () => line)
      : script.replace('\n\nset -euo', () => `\n${line}\n\nset -euo`);
  }
  return script;
}
