import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../errors/operator-error.ts';

// Debian, Amazon Linux and Homebrew install programs here. Servers are not on every user's PATH.
const FOLDERS = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/libexec',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
];
const UNPACK = fileURLToPath(new URL('unpack-package.sh', import.meta.url));

/** Returns the path of an installed program, or null. */
export function findProgram(name: string): string | null {
  return FOLDERS.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/**
 * Returns the path of a program. If it is not installed, its Debian package is unpacked into the cache, which needs
 * no root and changes nothing else on the machine.
 * @param advice returns the error's message from the reason, which is a clause without a full stop
 * @throws OperatorError if the package cannot be unpacked
 */
export function findOrUnpack(
  program: string,
  packageName: string,
  advice: (reason: string) => string,
): string {
  const installed = findProgram(program);
  if (installed) return installed;
  if (!findProgram('apt-get')) throw new OperatorError(advice('this machine has no apt-get'));
  const { status, signal, stdout } = spawnSync('bash', [UNPACK, packageName], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (signal !== null) {
    throw new OperatorError(
      `A signal stopped the unpacking of ${packageName}. Run the command again.`,
    );
  }
  if (status !== 0)
    throw new OperatorError(advice('its Debian package could not be unpacked (see above)'));
  const unpacked = join(stdout.trim(), 'programs', program);
  if (isExecutable(unpacked)) return unpacked;
  const reason = existsSync(unpacked)
    ? `${unpacked} cannot be executed: its file system may be mounted with noexec. Set XDG_CACHE_HOME to a folder on another file system`
    : `the Debian package ${packageName} does not contain it`;
  throw new OperatorError(advice(reason));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
