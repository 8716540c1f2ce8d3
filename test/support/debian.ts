import { rm } from 'node:fs/promises';
import { runOrThrow } from './run-command.ts';
import { installTool } from './system-packages.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const ATTEMPTS_MAX = 3;

/** Installs a Debian release with mmdebstrap into a folder or tar file, which must not exist. */
export async function createDebianRoot(
  release: string,
  options: string[],
  target: string,
): Promise<void> {
  // On Ubuntu, the package mmdebstrap does not include Debian's keys.
  const mmdebstrap = installTool('mmdebstrap', 'mmdebstrap', 'debian-archive-keyring');
  const source = `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${release} main`;
  for (let attempt = 1; ; attempt++) {
    try {
      await runOrThrow(mmdebstrap, ...options, '--', release, target, source);
      return;
    } catch (error) {
      // Mirrors sometimes fail.
      if (attempt === ATTEMPTS_MAX) throw error;
      await rm(target, { recursive: true, force: true });
    }
  }
}
