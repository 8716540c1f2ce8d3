import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findOrUnpack } from '../../src/dev/programs.ts';

/** The folder for what takes long to make, shared by all checkouts on this machine. Deleting it is safe. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'minitwit');

/** Returns a short name for what a recipe makes: another recipe has another name. */
export function hashRecipe(recipe: string[]): string {
  return createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 12);
}

/**
 * Returns the path of a program that tests need. If it is not installed, its Debian package is unpacked into the
 * cache.
 */
export function findTool(program: string, packageName = program): string {
  return findOrUnpack(
    program,
    packageName,
    (reason) =>
      `Some tests need ${program}, and ${reason}. Install it (Debian's package is ${packageName}), or run the other tests: npm test`,
  );
}
