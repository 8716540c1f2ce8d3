import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/dev/free-port.ts';
import { isRunning } from '../../src/dev/processes.ts';
import type { Defer } from './cleanup.ts';

// For each reserved port, this folder has a symbolic link from the port to the id of the process that reserved it.
// Unlike a file, a link never exists without its content. Each user has a folder.
const RESERVED = join(tmpdir(), `minitwit-ports-of-${process.getuid?.() ?? 'user'}`);
const ATTEMPTS_MAX = 100;

/**
 * Returns a loopback port that no server uses, and that no other test of this user on this machine gets before the end.
 * @throws Error after many ports that are all reserved
 */
export async function reservePort(defer: Defer): Promise<number> {
  await mkdir(RESERVED, { recursive: true });
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const port = await findFreePort();
    const link = join(RESERVED, String(port));
    if (await tryToReserve(link)) {
      defer(() => rm(link, { force: true }));
      return port;
    }
  }
  throw new Error(`Running tests have reserved ${ATTEMPTS_MAX} ports. ${RESERVED} lists them.`);
}

/**
 * Returns false if the port is reserved. If its owner no longer runs, the reservation is removed for a later attempt.
 */
async function tryToReserve(link: string): Promise<boolean> {
  try {
    await symlink(String(process.pid), link);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = await readlink(link).catch(() => null);
  if (owner !== null && !isRunning(Number(owner))) await rm(link, { force: true });
  return false;
}
