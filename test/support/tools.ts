import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findOrUnpack } from '../../src/dev/programs.ts';

/** The folder for files that take long to create, shared by all checkouts on this machine. Deleting it is safe. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'minitwit');

/** Returns a short hash of the commands that create a file. */
export function hashRecipe(recipe: string[]): string {
  return createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 12);
}

/**
 * Returns the path of a program. If it is not installed, its Debian package is unpacked into the cache.
 * @throws OperatorError if the package cannot be unpacked
 */
export function findTool(program: string, packageName = program): string {
  return findOrUnpack(
    program,
    packageName,
    (reason) =>
      `Some tests need ${program}, and ${reason}. Install it (Debian's package is ${packageName}), or run the other tests: npm test`,
  );
}
