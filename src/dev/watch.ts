import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../errors/operator-error.ts';

// Editors write a file in several steps.
const QUIET_MS = 50;
// Editors write these beside a file: .app.ts.swp, #app.ts#, app.ts~.
const IGNORED = /^[.#]|~$/;

/**
 * Waits until something changes in these folders or their subfolders, and has not changed again for 50 ms. Each folder
 * is watched by itself: with `recursive`, Node on Linux loses a file that an editor replaces by another one.
 * @returns the path that changed last
 * @throws OperatorError when the system refuses to watch so many folders
 */
export async function waitForChange(folders: string[]): Promise<string> {
  const closing = new AbortController();
  const { signal } = closing;
  try {
    return await new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      for (const folder of folders.flatMap(listFolders)) {
        const watcher = watch(folder, { signal }, (_event, name) => {
          if (name === null || IGNORED.test(name)) return;
          clearTimeout(timer);
          timer = setTimeout(() => resolve(join(folder, name)), QUIET_MS);
        });
        watcher.on('error', reject);
      }
    });
  } catch (cause) {
    throw new OperatorError(`Cannot watch the source: ${String(cause)}`, { cause });
  } finally {
    closing.abort();
  }
}

/** Lists a folder and all folders in it. */
function listFolders(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  return [folder, ...folders.map(({ parentPath, name }) => join(parentPath, name))];
}
