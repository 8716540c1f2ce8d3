import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Defer } from '../support/cleanup.ts';
import { createAuthority } from '../support/certificates.ts';
import { reservePort } from '../support/ports.ts';
import { CACHE } from '../support/tools.ts';
import { createMachine, type Machine } from './machine.ts';
import type { Outcome } from '../support/run-command.ts';

const run = promisify(execFile);
const STAND_INS = 'test/deploy/stand-ins';
const CHECKOUT = 'home/ec2-user/minitwit';
// Cache of stand-ins/npm-24.
const INSTALLED = join(CACHE, 'npm-ci');

/** A machine that passes for an EC2 instance with Amazon Linux, with the stand-ins of this folder. */
export interface Instance extends Machine {
  /** Puts a checkout of the repository where image.sh expects it, and returns its folder. */
  copyCheckout(): Promise<string>;
  /** Runs userdata/image.sh of that checkout, with the instance switched off. */
  runImageScript(): Promise<Outcome>;
  /** Runs user data as cloud-init does. */
  runUserData(script: string): Promise<Outcome>;
}

/** Creates an instance that has nothing of MiniTwit, switched off. It is destroyed at the end. */
export async function createInstance(defer: Defer): Promise<Instance> {
  const machine = await createMachine(defer);
  const { root } = machine;
  // This folder is deleted with the machine.
  const shared = join(dirname(root), 'shared');
  await mkdir(shared);
  const authority = await createAuthority(shared, 'authority');
  await mkdir(INSTALLED, { recursive: true });
  await pretendAmazonLinux(root);

  const copyCheckout = async () => {
    const checkout = join(root, CHECKOUT);
    await mkdir(checkout, { recursive: true });
    // the files as they are now, committed or not
    const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const { stdout } = await run('git', list);
    const files = stdout.split('\0').filter(Boolean);
    await run('cp', ['-a', '--parents', ...files, checkout]);
    await setTryPort(join(checkout, 'userdata/image.sh'), await reservePort(defer));
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

  return { ...machine, copyCheckout, runImageScript, runUserData };
}

/** Sets the port on which image.sh tries the server. Test runs use the network of the host at the same time. */
async function setTryPort(imageScript: string, port: number): Promise<void> {
  const script = await readFile(imageScript, 'utf8');
  const changed = script.replace(/(?<=^readonly TRY_PORT=)\d+$/m, String(port));
  if (changed === script) throw new Error(`${imageScript} does not set TRY_PORT.`);
  await writeFile(imageScript, changed);
}

async function pretendAmazonLinux(root: string): Promise<void> {
  await rm(join(root, 'etc/os-release'));
  await writeFile(join(root, 'etc/os-release'), 'ID="amzn"\nVERSION_ID="2023"\n');
  for (const program of ['dnf', 'alternatives', 'aws'])
    await cp(join(STAND_INS, program), join(root, 'usr/bin', program));
  await cp(join(STAND_INS, 'npm-24'), join(root, 'srv/packages/npm-24'));
  await cp(join(STAND_INS, 'curl'), join(root, 'usr/local/bin/curl'));
  await cp(join(STAND_INS, 'network.mjs'), join(root, 'usr/local/lib/network.mjs'));
  const units = join(root, 'etc/systemd/system');
  await cp(join(STAND_INS, 'network.service'), join(units, 'network.service'));
  await symlink('../network.service', join(units, 'multi-user.target.wants/network.service'));
  // The stand-ins record their calls there.
  await mkdir(join(units, 'minitwit-secrets.service.d'));
  const writable = '[Service]\nReadWritePaths=/srv\n';
  await writeFile(join(units, 'minitwit-secrets.service.d/stand-ins.conf'), writable);
  await mkdir(join(root, 'etc/systemd/resolved.conf.d'));
  const resolved = '[Resolve]\nDNS=169.254.169.253\nDNSSEC=no\n';
  await writeFile(join(root, 'etc/systemd/resolved.conf.d/network.conf'), resolved);
  await mkdir(join(root, 'srv/aws'));
}

/** Returns the folder of npm's own package. */
async function findNpm(): Promise<string> {
  const { stdout } = await run('which', ['npm']);
  return dirname(dirname(await realpath(stdout.trim())));
}

/**
 * Returns userdata/minitwit.sh, filled in as an operator would: each setting in its line, or in one of its own where it
 * has none.
 */
export async function fillIn(settings: Record<string, string>): Promise<string> {
  let script = await readFile('userdata/minitwit.sh', 'utf8');
  for (const [name, value] of Object.entries(settings)) {
    const line = `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`;
    const place = new RegExp(`^(# )?export ${name}=.*$`, 'm');
    script = place.test(script)
      ? script.replace(place, () => line)
      : script.replace('\n\nset -euo', () => `\n${line}\n\nset -euo`);
  }
  return script;
}
