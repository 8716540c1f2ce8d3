import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { installTool } from '../support/system-packages.ts';
import { waitFor } from '../support/wait-for.ts';
import { inCgroups, removeCgroups } from './cgroups.ts';
import { type Outcome, runOrThrow, runCommand } from '../support/run-command.ts';

/** Options with which nspawn needs no systemd and no machined on this machine. */
const STANDALONE = ['--register=no', '--keep-unit', '--timezone=off', '--resolv-conf=off'];
const OFF = ['--as-pid2', '--pipe', '--bind-ro=/etc/resolv.conf'];
// systemd filters addresses (IPAddressDeny=) by BPF, on control groups of version 2, as Amazon Linux 2023 has them.
const ON = ['--boot', '--private-network', '--console=read-only', '--system-call-filter=bpf'];
const ON_ENV = { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };

/** A file or folder of this machine that is mounted in a test machine. */
export interface Bind {
  from: string;
  to: string;
  /** Whether the machine may change it; otherwise it is read-only. */
  isWritable?: boolean;
}

/** Starts and stops a test machine with systemd-nspawn. */
export interface Nspawn {
  /** Starts the machine. Resolves when its systemd runs. */
  start: () => Promise<void>;
  /** Resolves when the machine is off and its control groups are removed. */
  ended: () => Promise<void>;
  /** Returns the process id on this machine of the machine's first process. */
  leader: () => Promise<number>;
  /** Returns all output of the console so far. */
  console: () => string;
  /** Runs a command in the machine's files while the machine is off. */
  runOff: (command: string[], binds: Bind[]) => Promise<Outcome>;
}

/** Prepares a machine with a name, and with the folder `root` as its `/`. */
export function prepareNspawn(machine: string, root: string): Nspawn {
  const program = installTool('systemd-nspawn', 'systemd-container');
  const always = ['--quiet', `--directory=${root}`, `--machine=${machine}`, ...STANDALONE];
  let nspawn: ChildProcess | null = null;
  let consoleOutput = '';

  const findLeader = async (): Promise<number | null> => {
    if (!isRunning(nspawn)) throw new Error(`The machine is off. Its console:\n${consoleOutput}`);
    const { pid } = nspawn;
    // The process may end before this file is read.
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    return children === '' ? null : Number.parseInt(children, 10);
  };
  const leader = async () => {
    const pid = await findLeader();
    if (pid === null) throw new Error('The machine has not started yet.');
    return pid;
  };
  const start = async () => {
    const [sh = '', ...script] = inCgroups(machine, [program, ...always, ...ON]);
    const env = { ...process.env, ...ON_ENV };
    nspawn = spawn(sh, script, { stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [nspawn.stdout, nspawn.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (consoleOutput += text));
    await waitFor('systemd runs in the machine', async () => {
      const pid = await findLeader();
      // nspawn runs other processes before systemd.
      const name = pid && (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => null));
      return name === 'systemd\n';
    });
  };
  const ended = async () => {
    if (isRunning(nspawn)) await once(nspawn, 'exit');
    await runOrThrow('sh', '-c', removeCgroups(machine));
  };
  return {
    start,
    ended,
    leader,
    console: () => consoleOutput,
    runOff: async (command, binds) => {
      const options = [...OFF, ...binds.map(bindOption), ...trustOfHost()];
      const { status, output } = await runCommand(program, ...always, ...options, ...command);
      // nspawn prints this when the machine's /run is on a disk.
      return { status, output: output.replace(/^Attempted to remove disk file system .*\n/m, '') };
    },
  };
}

/** Returns shell that kills a machine, and removes its control groups and the folder that nspawn creates for it. */
export function killNspawn(machine: string): string {
  // nspawn deletes this folder only from a /run in memory.
  return `${removeCgroups(machine)}
    rm -rf /run/systemd/nspawn/propagate/${machine}`;
}

function isRunning(child: ChildProcess | null): child is ChildProcess {
  return child?.exitCode === null && child.signalCode === null;
}

function bindOption({ from, to, isWritable = false }: Bind): string {
  return `--bind${isWritable ? '' : '-ro'}=${from}:${to}`;
}

/** Returns options with which npm trusts the same certificate authorities as on this machine. */
function trustOfHost(): string[] {
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (!authorities) return [];
  return [`--bind-ro=${authorities}`, `--setenv=NODE_EXTRA_CA_CERTS=${authorities}`];
}
