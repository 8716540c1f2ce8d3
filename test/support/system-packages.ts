import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../src/errors/operator-error.ts';
import { findProgram } from '../../src/dev/programs.ts';
import { CACHE } from './cache.ts';

// Unattended upgrades hold apt's locks for minutes after a machine's first boot.
const LOCK_WAIT_MAX_S = 300;
const LOCK_POLL_EVERY_S = 1;

/**
 * Returns the path of a program that works only when its Debian package is installed in the system. Programs that
 * create containers and machines are such. If the program is missing, apt-get installs the package and the further
 * ones, as root.
 * @throws OperatorError with the names of the packages and apt-get's output
 */
export function installTool(program: string, packageName = program, ...further: string[]): string {
  const installed = findProgram(program);
  if (installed) return installed;
  const names = [packageName, ...further];
  console.error(`${program} is missing. Installing Debian's ${names.join(', ')} …`);
  // A new machine has no list of packages. A list that is only partly updated may do, so install decides.
  const updated = runApt('update');
  const output = runApt('install', '-y', '--no-install-recommends', ...names);
  const found = findProgram(program);
  if (found) return found;
  throw new OperatorError(
    `Debian's ${names.join(', ')} could not be installed:\n${updated}${output}`.trimEnd(),
  );
}

/**
 * Runs apt-get, retries while another program holds one of its locks, and returns the output of the last attempt. apt's
 * own DPkg::Lock::Timeout does not cover the lock of its lists.
 */
function runApt(...parameters: string[]): string {
  const giveUpAtMs = performance.now() + LOCK_WAIT_MAX_S * 1000;
  let isAnnounced = false;
  for (;;) {
    const { status, output } = runAlone(
      'apt-get',
      '-qq',
      '-o',
      'Acquire::Retries=3',
      ...parameters,
    );
    const [lock] = /Could not get lock .*/.exec(output) ?? [];
    if (status === 0 || !lock || performance.now() > giveUpAtMs) return output;
    if (!isAnnounced) console.error(`${lock}. Waiting for up to ${LOCK_WAIT_MAX_S} s …`);
    isAnnounced = true;
    spawnSync('sleep', [String(LOCK_POLL_EVERY_S)]);
  }
}

/** Runs a command while this process holds the tests' own lock for apt. */
function runAlone(...command: string[]): { status: number | null; output: string } {
  mkdirSync(CACHE, { recursive: true });
  const { status, stdout, stderr } = spawnSync('flock', [join(CACHE, 'apt.lock'), ...command], {
    // apt-get's messages about locks are read in English.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}
