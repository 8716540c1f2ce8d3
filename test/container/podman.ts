import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Defer } from '../support/cleanup.ts';
import { installTool } from '../support/system-packages.ts';
import { CACHE } from '../support/cache.ts';
import { deferScript } from '../support/cleanup-script.ts';

const execute = promisify(execFile);
const TEMPORARY = join(CACHE, 'tmp');

// Separate from the machine's own images. podman's run state must not outlive a reboot.
const STORAGE = ['--root', join(CACHE, 'containers'), '--runroot', '/run/minitwit-test'];
const NO_SYSTEMD = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
/** podman's default limits exceed the hard limits of some machines, and root cannot raise these everywhere. */
export const LIMITS = ['--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096'];
const RUN = [
  '--rm',
  '--network=host',
  // podman repeats health checks by systemd, which not every machine has. The tests run the check's command.
  '--no-healthcheck',
  ...LIMITS,
];

/**
 * Runs podman, and returns its stdout.
 * @throws Error with podman's exit status as `code`, and its output
 */
export async function podman(...parameters: string[]): Promise<string> {
  await mkdir(TEMPORARY, { recursive: true });
  const [command = '', ...rest] = podmanCommand(...parameters);
  const env = { ...process.env, TMPDIR: TEMPORARY };
  const { stdout } = await execute(command, rest, { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** Registers the removal of a container, running or not, for the end. The container need not exist. */
export function removeContainer(defer: Defer, name: string): void {
  const command = podmanCommand('rm', '--force', '--ignore', '--time', '0', name);
  deferScript(defer, '"$@"', ...command);
}

/** Returns the command line that runs a program in a new container, for as long as the program runs. */
export function runCommand(...parameters: string[]): string[] {
  return podmanCommand('run', ...RUN, ...parameters);
}

/** Runs a program in a container to its end, and returns its stdout. */
export function runInContainer(...parameters: string[]): Promise<string> {
  return podman('run', ...RUN, ...parameters);
}

function podmanCommand(...parameters: string[]): string[] {
  // Debian's podman prefers crun, which refuses machines that mount control groups of both versions.
  const runtime = installTool('runc');
  return [installTool('podman'), ...STORAGE, '--runtime', runtime, ...NO_SYSTEMD, ...parameters];
}
