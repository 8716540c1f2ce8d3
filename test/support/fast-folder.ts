import { accessSync, constants, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
// Others that start at the same time see the same free space, and fill it later.
const SHARERS = 3;

/**
 * Creates a temporary folder for files that are flushed to the disk often. It is in memory, where to flush takes no
 * time, if the system has a folder for that with enough space for several such; else it is beside other temporary files.
 */
export function createFastFolder(prefix: string, neededBytes: number): Promise<string> {
  return mkdtemp(join(hasSpace(MEMORY, neededBytes) ? MEMORY : tmpdir(), prefix));
}

function hasSpace(folder: string, neededBytes: number): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= SHARERS * neededBytes;
  } catch {
    return false;
  }
}
