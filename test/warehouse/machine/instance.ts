import { chmod, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { vi } from 'vitest';
import { renderScript } from '../../../src/aws/render-script.ts';
import type { Login } from '../../../src/warehouse/ssh/ssh-commands.ts';
import { copyChanges, type Layers } from '../../deploy/layers.ts';
import { createMachine, type Machine } from '../../deploy/machine.ts';
import { findDebianRoot } from '../../deploy/debian-root.ts';
import { runOrThrow } from '../../support/run-command.ts';
import type { Defer } from '../../support/cleanup.ts';
import { installTool } from '../../support/system-packages.ts';
import type { Volume } from './volume.ts';

const STAND_INS = resolve('test/warehouse/machine/stand-ins');

/** A machine in place of an EC2 instance with Amazon Linux, with an `ssh` that connects to it. */
export interface Instance extends Machine {
  login: Login;
  /** The command lines that `ssh` ran on this machine. */
  sshCalls(): Promise<string>;
  /**
   * Creates an `ssh` that connects to this machine through a bastion, as with a ~/.ssh/config that has further lines.
   * @returns the path of that `ssh`
   */
  useForSsh(...lines: string[]): Promise<string>;
  /** Attaches a volume to the running machine, with a device name that Linux chooses. */
  attach(volume: Volume, name?: string): Promise<void>;
  /** Detaches the volume. */
  detach(name?: string): Promise<void>;
  /** Creates an image of the machine, which is switched off, in a folder that does not exist yet. */
  saveImage(folder: string): Promise<Layers>;
}

/** The options of a launch. */
export interface Launch {
  /** The folder of an image. By default, the instance has a plain Amazon Linux. */
  image?: Layers;
  /** By default, the user data of a run. */
  userData?: string;
  /** The path of a private key beside its public key. By default, a new pair is created. */
  keyFile?: string;
}

/** Creates a key pair in a folder, and returns the path of the private key. */
export async function createKey(folder: string): Promise<string> {
  const file = join(folder, 'key');
  const keygen = installTool('ssh-keygen', 'openssh-client');
  await runOrThrow(keygen, '-q', '-t', 'ed25519', '-N', '', '-f', file);
  return file;
}

/** Creates an instance, switched off. Its key is that of `login`. It is destroyed at the end. */
export async function createInstance(defer: Defer, options: Launch = {}): Promise<Instance> {
  const { image, userData = await renderRunUserData() } = options;
  const layers = image ?? [await findDebianRoot()];
  const machine = await createMachine(defer, layers);
  const { root } = machine;
  // The folder is deleted with the machine.
  const folder = join(dirname(root), 'login');
  await mkdir(folder);
  const keyFile = options.keyFile ?? (await createKey(folder));

  if (!image) await pretendAmazonLinux(root);
  const launch = join(root, 'srv/launch');
  await rm(launch, { recursive: true, force: true });
  await mkdir(launch);
  await cp(`${keyFile}.pub`, join(launch, 'key.pub'));
  await writeFile(join(launch, 'user-data'), userData);
  const login = {
    user: 'ec2-user',
    address: 'instance.test',
    keyFile,
    instanceId: 'i-0123456789abcdef0',
  };

  const useForSsh = async (...lines: string[]) => {
    const ssh = installTool('ssh', 'openssh-client');
    const bastion = ['nsenter', '--target', await machine.leader(), '--net'];
    const proxy = [...bastion, process.execPath, join(STAND_INS, 'proxy.mjs')];
    const config = [`ProxyCommand ${proxy.join(' ')}`, ...lines];
    await writeFile(join(folder, 'config'), `${config.join('\n')}\n`);
    await writeFile(
      join(folder, 'ssh'),
      `#!/bin/sh\necho "$*" >>${folder}/calls\nexec ${ssh} -F ${folder}/config "$@"\n`,
    );
    await chmod(join(folder, 'ssh'), 0o755);
    defer(() => void vi.unstubAllEnvs());
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    return join(folder, 'ssh');
  };

  const devices = async () => `/proc/${await machine.leader()}/root/dev`;
  return {
    ...machine,
    login,
    sshCalls: () => readFile(join(folder, 'calls'), 'utf8'),
    useForSsh,
    attach: async ({ number }, name = 'nvme1n1') =>
      runOrThrow('mknod', join(await devices(), name), 'b', '7', String(number)),
    detach: async (name = 'nvme1n1') => rm(join(await devices(), name)),
    saveImage: async (to) => {
      await copyChanges(root, to);
      return [to, ...layers];
    },
  };
}

/** Returns the user data of a run, without its pauses. */
async function renderRunUserData(): Promise<string> {
  const userData = await renderScript('warehouse-run.sh', { END_AFTER_MINUTES: '480' });
  return userData.replace('sleep 2', '');
}

async function pretendAmazonLinux(root: string): Promise<void> {
  await rm(join(root, 'etc/os-release'));
  await writeFile(join(root, 'etc/os-release'), 'ID="amzn"\nVERSION_ID="2023"\n');
  await writeFile(join(root, 'etc/sudoers.d/ec2-user'), 'ec2-user ALL=(ALL) NOPASSWD:ALL\n');
  // dnf would install these.
  await mkdir(join(root, 'srv/packages'));
  await rename(join(root, 'usr/sbin/mariadbd'), join(root, 'srv/packages/mariadbd'));
  await runOrThrow('sh', '-c', 'rm -f "$0"/ssh_host_*', join(root, 'etc/ssh'));
  for (const program of ['dnf', 'cloud-init'])
    await cp(join(STAND_INS, program), join(root, 'usr/bin', program));
  const units = join(root, 'etc/systemd/system');
  const wanted = join(units, 'multi-user.target.wants');
  await symlink('/lib/systemd/system/ssh.service', join(wanted, 'ssh.service'));
  for (const unit of ['cloud-init.service', 'cloud-final.service']) {
    await cp(join(STAND_INS, unit), join(units, unit));
    await symlink(`../${unit}`, join(wanted, unit));
  }
}
