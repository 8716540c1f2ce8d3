import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folder for files that take long to create, shared by all checkouts on this machine. Deleting it is safe. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'minitwit');

/** Returns a short hash of the commands that create a file. */
export function hashRecipe(recipe: string[]): string {
  return createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 12);
}

/**
 * Returns the path of an entry in the cache that all checkouts on this machine share. If the entry is missing,
 * `create` creates it at the given path, and other processes that need it wait. An entry is complete as soon as it
 * exists.
 */
export async function findOrCreate(
  name: string,
  create: (path: string) => Promise<void>,
): Promise<string> {
  const entry = join(CACHE, name);
  if (existsSync(entry)) return entry;
  await mkdir(CACHE, { recursive: true });
  await withLock(`${entry}.lock`, async () => {
    if (existsSync(entry)) return;
    const unfinished = `${entry}.unfinished`;
    // A killed process leaves an unfinished entry. It may contain mounts of system folders, whose files must stay.
    await run('rm', ['-rf', '--one-file-system', unfinished]);
    await create(unfinished);
    await rename(unfinished, entry);
  });
  return entry;
}

/**
 * Calls `action` while this process holds the lock of a file. Creates the file if it is missing. The kernel releases
 * the lock when this process ends, even if it is killed.
 */
export async function withLock<Result>(
  file: string,
  action: () => Promise<Result>,
): Promise<Result> {
  // `cat` ends when its input is closed: below, or by the kernel at the end of this process.
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
