import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { vi } from 'vitest';
import { findTool } from '../support/tools.ts';
import { copyDebianRoot } from './debian-root.ts';

const BOOT_MAX_MS = 60_000;
// where control groups may be mounted; systemd uses those that there are
const CGROUPS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];
// In one control group, machines would end each other's services, which have the same names.
const IN_OWN_CGROUP = `
  for each in ${CGROUPS.join(' ')}; do
    [ ! -e $each/cgroup.procs ] || { mkdir $each/$0 && echo $$ >$each/$0/cgroup.procs; }
  done
  exec "$@"`;

/** How a shell's commands ended, and what they said. */
export interface Outcome {
  status: number | null;
  /** stdout and stderr, as they came. */
  output: string;
}

/** A throw-away computer: a Debian with systemd in a folder. Its commands run as root there. */
export interface Machine {
  /** The folder that is its `/`. */
  root: string;
  /**
   * Runs bash while it is switched off, with this machine's network and npm, and these folders or
   * files of this machine.
   */
  runOff(script: string, hostPaths?: Record<string, string>): Promise<Outcome>;
  /** Runs bash while it is switched on, in an environment that is as bare as cloud-init's. */
  run(script: string): Promise<Outcome>;
  /** Switches it on, with a network of its own that leads nowhere. */
  start(): Promise<void>;
  /** Waits until it has booted. */
  booted(): Promise<void>;
  /** Both. */
  boot(): Promise<void>;
  /** Shuts it down in order, and boots. */
  reboot(): Promise<void>;
  /** Shuts it down in order. */
  powerOff(): Promise<void>;
  /** The process of this machine that is its first. */
  leader(): Promise<string>;
  /** All that it has said on its console. */
  console(): string;
  /** Ends it, and deletes all that it had. */
  destroy(): Promise<void>;
}

/** Where a machine's `/` comes from, and goes to. */
export interface Roots {
  /** Puts it into a folder that does not exist yet. */
  make(folder: string): Promise<void>;
  /** Does what has to be done before that folder is deleted. */
  release?(folder: string): Promise<void>;
}

/** Makes a machine, switched off. Only root can, on Debian. */
export async function createMachine(roots: Roots = { make: copyDebianRoot }): Promise<Machine> {
  const nspawn = findTool('systemd-nspawn', 'systemd-container');
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-machine-'));
  const name = basename(folder);
  const root = join(folder, 'root');
  await roots.make(root);
  // systemd-resolved's; what is a link there cannot be covered by this machine's
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  await writeFile(join(root, 'etc/resolv.conf'), 'nameserver 127.0.0.53\n');
  const always = [
    '--quiet',
    `--directory=${root}`,
    `--machine=${name}`,
    // without a machined, or a systemd at all, on this machine
    '--register=no',
    '--keep-unit',
    '--timezone=off',
    '--resolv-conf=off',
  ];
  let booted: ChildProcess | null = null;
  let said = '';

  const runOff = async (script: string, hostPaths: Record<string, string> = {}) => {
    const { status, output } = await runToEnd(nspawn, [
      ...always,
      '--as-pid2',
      '--pipe',
      '--bind-ro=/etc/resolv.conf',
      ...Object.entries(hostPaths).map(([host, path]) => `--bind-ro=${host}:${path}`),
      ...trustOfHost(),
      '/bin/bash',
      '-c',
      script,
    ]);
    // nspawn's own word at its end, where /run is on a disk: see `destroy`
    return { status, output: output.replace(/^Attempted to remove disk file system .*\n/m, '') };
  };

  const run = async (script: string) => {
    const leader = await findLeader(booted);
    const enter = ['--target', leader, '--all', '--', 'env', '-i', `PATH=${PATH}`];
    return runToEnd('nsenter', [...enter, '/bin/bash', '-c', script]);
  };

  const start = async () => {
    await removeCgroups(name);
    const options = [...always, '--boot', '--private-network', '--console=read-only'];
    const child = spawn('sh', ['-c', IN_OWN_CGROUP, name, nspawn, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    booted = child;
    // so that it also ends when we exit without `destroy`
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    // before that, it is still nspawn that prepares it
    await vi.waitFor(
      async () => {
        const { output } = await run('cat /proc/1/comm');
        if (output.trim() !== 'systemd') throw new Error(`It does not start: ${said}`);
      },
      { timeout: BOOT_MAX_MS, interval: 20 },
    );
  };

  const hasBooted = async () => {
    await vi.waitFor(
      async () => {
        const { output } = await run('systemctl is-system-running --wait');
        if (output.trim() !== 'running') throw new Error(`It does not boot: ${output}\n${said}`);
      },
      { timeout: BOOT_MAX_MS, interval: 100 },
    );
  };

  const boot = async () => {
    await start();
    await hasBooted();
  };

  const shutDown = async (how: 'poweroff' | 'reboot') => {
    const off = booted && once(booted, 'exit');
    await run(`systemctl ${how}`);
    await off;
  };
  const powerOff = () => shutDown('poweroff');
  const reboot = async () => {
    await shutDown('reboot');
    await boot();
  };

  const killBooted = async () => {
    if (booted?.exitCode !== null) return;
    const off = once(booted, 'exit');
    // its first process, with which all others end; nspawn would shut it down in order
    const kill = async () => process.kill(Number(await findLeader(booted)), 'SIGKILL');
    // one that is shutting itself down may have none any more
    await kill().catch(() => undefined);
    await off;
  };

  const destroy = async () => {
    await killBooted();
    await removeCgroups(name);
    await roots.release?.(root);
    await rm(folder, { recursive: true });
    // nspawn's own, which it deletes only where that is in memory
    await rm(join('/run/systemd/nspawn/propagate', name), { recursive: true, force: true });
  };

  const leader = () => findLeader(booted);
  return {
    root,
    runOff,
    run,
    start,
    booted: hasBooted,
    boot,
    reboot,
    powerOff,
    leader,
    console: () => said,
    destroy,
  };
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** Lets npm trust the authorities that this machine has been told to trust. */
function trustOfHost(): string[] {
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (!authorities) return [];
  return [`--bind-ro=${authorities}`, `--setenv=NODE_EXTRA_CA_CERTS=${authorities}`];
}

/** Removes a machine's control groups, the innermost first; they end with their processes. */
async function removeCgroups(name: string): Promise<void> {
  const folders = CGROUPS.map((folder) => join(folder, name)).filter(existsSync);
  if (folders.length === 0) return;
  await vi.waitFor(
    async () => {
      // rmdir alone, with all that a control group shows inside
      const { status, output } = await runToEnd('find', [...folders, '-type', 'd', '-delete']);
      if (status !== 0) throw new Error(output);
    },
    { timeout: BOOT_MAX_MS, interval: 20 },
  );
}

/** The process that is the machine's first; nspawn is its parent. */
async function findLeader(nspawn: ChildProcess | null): Promise<string> {
  if (nspawn?.exitCode !== null) throw new Error('The machine is switched off');
  const { output } = await runToEnd('pgrep', ['--parent', String(nspawn.pid)]);
  if (!output) throw new Error('The machine has not started yet');
  return output.trim();
}

async function runToEnd(program: string, parameters: string[]): Promise<Outcome> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}
