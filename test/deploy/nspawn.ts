import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { installTool } from '../support/system-packages.ts';
import { until } from '../support/until.ts';
import { inCgroups, removeCgroups } from './cgroups.ts';
import { type Outcome, runOrThrow, runToEnd } from '../support/run.ts';

/** Options of nspawn: without a machined, and without a systemd, on this machine. */
const STANDALONE = ['--register=no', '--keep-unit', '--timezone=off', '--resolv-conf=off'];
const OFF = ['--as-pid2', '--pipe', '--bind-ro=/etc/resolv.conf'];
const ON = ['--boot', '--private-network', '--console=read-only'];

/** A file or folder of this machine that a machine sees. */
export interface Bind {
  from: string;
  to: string;
  /** Whether the machine may change it; otherwise it is read-only. */
  isWritable?: boolean;
}

/** A machine that systemd-nspawn starts and ends. */
export interface Nspawn {
  /** Starts it. Resolves when its systemd runs. */
  start: () => Promise<void>;
  /** Resolves when it is off. */
  ended: () => Promise<void>;
  /** Process id, on this machine, of its first process. */
  leader: () => Promise<number>;
  /** Everything on its console so far. */
  console: () => string;
  /** Runs a command in its files while it is off. */
  runOff: (command: string[], binds: Bind[]) => Promise<Outcome>;
}

/** Prepares a machine of this name, with this folder as its `/`. */
export function prepareNspawn(machine: string, root: string): Nspawn {
  const program = installTool('systemd-nspawn', 'systemd-container');
  const always = ['--quiet', `--directory=${root}`, `--machine=${machine}`, ...STANDALONE];
  let nspawn: ChildProcess | null = null;
  let said = '';

  const findLeader = async (): Promise<number | null> => {
    if (!isRunning(nspawn)) throw new Error(`The machine is off. Its console:\n${said}`);
    const { pid } = nspawn;
    // It may end at this moment.
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
    nspawn = spawn(sh, script, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [nspawn.stdout, nspawn.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until('systemd runs in the machine', async () => {
      const pid = await findLeader();
      // Before that, nspawn prepares the process, and ends others.
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
    console: () => said,
    runOff: async (command, binds) => {
      const options = [...OFF, ...binds.map(bindOption), ...trustOfHost()];
      const { status, output } = await runToEnd(program, ...always, ...options, ...command);
      // A message of nspawn itself, where the machine's /run is on a disk.
      return { status, output: output.replace(/^Attempted to remove disk file system .*\n/m, '') };
    },
  };
}

/** Returns shell that kills a machine, and removes what nspawn has left of it. */
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

/** Lets npm trust the authorities that this machine trusts. */
function trustOfHost(): string[] {
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (!authorities) return [];
  return [`--bind-ro=${authorities}`, `--setenv=NODE_EXTRA_CA_CERTS=${authorities}`];
}
