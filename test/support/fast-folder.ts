import { accessSync, constants, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
// Servers that start at the same time see the same free space before any of them fills it.
const CONCURRENT_FOLDERS = 3;

/**
 * Creates a temporary folder for files that are often flushed to the disk. The folder is in memory, where a flush
 * takes no time, if there is enough space for several such folders. Otherwise it is in the system's folder for
 * temporary files.
 */
export function createFastFolder(prefix: string, neededBytes: number): Promise<string> {
  return mkdtemp(join(hasSpace(MEMORY, neededBytes) ? MEMORY : tmpdir(), prefix));
}

function hasSpace(folder: string, neededBytes: number): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= CONCURRENT_FOLDERS * neededBytes;
  } catch {
    return false;
  }
}
