import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE } from './tools.ts';

const run = promisify(execFile);

/**
 * Returns the path of an entry of the cache that all clones on this machine share. If it is missing, `make` creates it at
 * the path that it is given; other processes that ask for it meanwhile wait. An entry is there as a whole or not at all.
 */
export async function findOrMake(
  name: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  const entry = join(CACHE, name);
  if (existsSync(entry)) return entry;
  await mkdir(CACHE, { recursive: true });
  await withLock(`${entry}.lock`, async () => {
    if (existsSync(entry)) return;
    const unfinished = `${entry}.unfinished`;
    // A killed process leaves one. What is mounted in it belongs to the system and stays.
    await run('rm', ['-rf', '--one-file-system', unfinished]);
    await make(unfinished);
    await rename(unfinished, entry);
  });
  return entry;
}

/**
 * Runs `action` while this process holds the lock of a file, which it creates. The kernel releases the lock when this
 * process ends, however it ends.
 */
export async function withLock<Result>(
  file: string,
  action: () => Promise<Result>,
): Promise<Result> {
  // `cat` ends with its input, which is ours.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  const isLocked = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!isLocked) throw new Error(`flock could not lock ${file}.`);
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
