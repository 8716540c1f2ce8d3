import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Returns the bytes of all files in a folder and in the folders below it. Files that a running command deletes count as
 * empty.
 */
export async function sumFiles(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
