import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from './errors.ts';

// Where Debian, Amazon Linux and Homebrew install programs, servers among them, which are not on
// everybody's PATH.
const FOLDERS = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/libexec',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
];

function findProgram(name: string): string | null {
  return FOLDERS.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/**
 * The path of a program. Where there is none, Debian's package of it is installed first, if that can
 * be done.
 * @throws OperatorError with `advice` on what to do, which is told why it could not
 */
export function findOrInstall(
  program: string,
  packageName: string,
  advice: (problem: string) => string,
): string {
  const found = findProgram(program);
  if (found) return found;
  const problem = installPackage(packageName);
  const installed = findProgram(program);
  if (installed) return installed;
  throw new OperatorError(advice(problem ?? `apt-get brought no ${program}`));
}

/**
 * Installs a package of Debian's, as root or through sudo, after it has said so on stderr.
 * @returns null when that was done, else why it could not be, in a few words
 */
function installPackage(name: string): string | null {
  if (!findProgram('apt-get')) return 'there is no apt-get';
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !findProgram('sudo')) return 'only root can use apt-get, and there is no sudo';
  const apt = [...(isRoot ? [] : ['sudo']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const install = [...apt, 'install', '-y', '--no-install-recommends', name];
  console.error(`${name} is missing. Installing it: ${install.join(' ')}`);
  // A machine that was just set up knows of no package before this.
  run([...apt, 'update', '-qq']);
  return run([...install, '-qq']) ? null : 'apt-get failed';
}

function run([program = '', ...parameters]: string[]): boolean {
  // stdin and stderr are the terminal's: sudo may ask for a password there
  const { status } = spawnSync(program, parameters, { stdio: ['inherit', 'ignore', 'inherit'] });
  return status === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
