import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../src/errors.ts';
import { findProgram } from '../../src/dev/programs.ts';
import { CACHE } from './tools.ts';

// Unattended upgrades hold dpkg's lock for minutes after a machine's first boot.
const LOCK_WAIT_MAX_S = 300;

/**
 * Returns the path of a program that works only when its Debian package is installed in the system, as those that make
 * containers and machines. If it is not installed, apt-get installs the package and these further ones, as root.
 * @throws OperatorError that names the package, with what apt-get said
 */
export function installTool(program: string, packageName = program, ...further: string[]): string {
  const installed = findProgram(program);
  if (installed) return installed;
  const names = [packageName, ...further];
  console.error(`${program} is missing. Installing Debian's ${names.join(', ')} …`);
  const apt = [
    'apt-get',
    '-qq',
    '-o',
    `DPkg::Lock::Timeout=${LOCK_WAIT_MAX_S}`,
    '-o',
    'Acquire::Retries=3',
  ];
  // A new machine has no list of packages. A list that is only partly updated may do, so install decides.
  runAlone([...apt, 'update']);
  const { output } = runAlone([...apt, 'install', '-y', '--no-install-recommends', ...names]);
  const found = findProgram(program);
  if (found) return found;
  throw new OperatorError(`Debian's ${names.join(', ')} could not be installed:\n${output}`);
}

/** Runs a command while no other process on this machine runs one in this way. */
function runAlone(command: string[]): { output: string } {
  mkdirSync(CACHE, { recursive: true });
  const { stdout, stderr } = spawnSync('flock', [join(CACHE, 'apt.lock'), ...command], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  return { output: `${stdout}${stderr}`.trim() };
}
