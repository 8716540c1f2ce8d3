import { mkdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { AtEnd } from './at-end.ts';

// Below the ports that Linux gives to clients, so that none takes one while the server on it restarts.
const FIRST = 20_000;
const LAST = 32_000;
const RESERVED = join(tmpdir(), `minitwit-ports-${userInfo().uid}`);

/** Returns a loopback port that no server uses, and that no other test on this machine gets before the end. */
export async function reservePort(atEnd: AtEnd): Promise<number> {
  await mkdir(RESERVED, { recursive: true });
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const file = join(RESERVED, String(port));
    if (!(await tryToCreate(file))) continue;
    atEnd(() => rm(file));
    if (await isFree(port)) return port;
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

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
