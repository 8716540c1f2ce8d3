import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/dev/free-port.ts';
import type { AtEnd } from './at-end.ts';

const RESERVED = join(tmpdir(), `minitwit-ports-${userInfo().uid}`);

/** Returns a loopback port that no server uses, and that no other test on this machine gets before the end. */
export async function reservePort(atEnd: AtEnd): Promise<number> {
  await mkdir(RESERVED, { recursive: true });
  for (;;) {
    const port = await findFreePort();
    const file = join(RESERVED, String(port));
    if (!(await tryToCreate(file))) continue;
    atEnd(() => rm(file));
    return port;
  }
}

/** Creates a file. Returns false if it exists. */
async function tryToCreate(file: string): Promise<boolean> {
  try {
    await writeFile(file, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
