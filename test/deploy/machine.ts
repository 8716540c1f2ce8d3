import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Defer } from '../support/cleanup.ts';
import { deferScript } from '../support/cleanup-script.ts';
import { waitFor } from '../support/wait-for.ts';
import { findDebianRoot } from './debian-root.ts';
import { type Layers, mountLayers } from './layers.ts';
import { type Bind, killNspawn, prepareNspawn } from './nspawn.ts';
import { type Outcome, runCommand } from '../support/run-command.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** A temporary machine: a Debian with systemd in a folder. Commands run as root. */
export interface Machine {
  /** The folder that is its `/`. */
  root: string;
  /** Runs a bash script while the machine is off, in the network of this machine. */
  runOff(script: string, binds?: Bind[]): Promise<Outcome>;
  /** Runs a bash script while the machine is on, in an environment without variables, like that of cloud-init. */
  run(script: string): Promise<Outcome>;
  /** Switches the machine on, with an isolated network. Resolves when its systemd runs. */
  start(): Promise<void>;
  /** Waits until the machine has booted. Fails if one of its services has failed. */
  booted(): Promise<void>;
  /** Switches the machine on, and waits until it has booted. */
  boot(): Promise<void>;
  /** Shuts the machine down and boots it. */
  reboot(): Promise<void>;
  /** Shuts the machine down. */
  powerOff(): Promise<void>;
  /** Returns the process id on this machine of the machine's first process. */
  leader(): Promise<number>;
  /** Returns all output of the console so far. */
  console(): string;
  /** Kills the machine and deletes its files. Idempotent. */
  destroy(): Promise<void>;
}

/**
 * Creates a machine, which is off. `defer` destroys it. `findMissingForMachines` returns the missing requirements.
 * @param layers the layers of its `/`, by default a Debian
 */
export async function createMachine(defer: Defer, layers?: Layers): Promise<Machine> {
  const cleanups = new AsyncDisposableStack();
  const destroy = () => cleanups.disposeAsync();
  defer(destroy);

  const folder = await mkdtemp(join(tmpdir(), 'minitwit-machine-'));
  const name = basename(folder);
  const root = join(folder, 'root');
  const undo = `${killNspawn(name)}
    ! mountpoint --quiet "$1/root" || umount "$1/root" || exit
    rm -rf --one-file-system "$1"`;
  deferScript((cleanUp) => cleanups.defer(cleanUp), undo, folder);
  await mountLayers(layers ?? [await findDebianRoot()], root);
  // systemd-resolved makes resolv.conf a link, and nspawn cannot bind to a link.
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  await writeFile(join(root, 'etc/resolv.conf'), 'nameserver 127.0.0.53\n');

  const nspawn = prepareNspawn(name, root);
  const run = async (script: string) => {
    const target = ['--target', String(await nspawn.leader()), '--all'];
    const bash = ['env', '-i', `PATH=${PATH}`, '/bin/bash', '-c', script];
    return runCommand('nsenter', ...target, '--', ...bash);
  };
  const booted = async () => {
    let state = '';
    await waitFor('the machine has booted', async () => {
      state = (await run('systemctl is-system-running --wait')).output.trim();
      return state === 'running' || state === 'degraded';
    });
    if (state === 'degraded')
      throw new Error(`A service failed:\n${(await run('systemctl --failed --no-pager')).output}`);
  };
  const boot = async () => {
    await nspawn.start();
    await booted();
  };
  const powerOff = async () => {
    await run('systemctl poweroff');
    await nspawn.ended();
  };
  return {
    root,
    runOff: (script, binds = []) => nspawn.runOff(['/bin/bash', '-c', script], binds),
    run,
    start: nspawn.start,
    booted,
    boot,
    reboot: async () => {
      await powerOff();
      await boot();
    },
    powerOff,
    leader: nspawn.leader,
    console: nspawn.console,
    destroy,
  };
}
