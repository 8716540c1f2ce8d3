import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findOrInstall } from '../../src/apt.ts';

/** Where tests keep what is dear to make, for all who test on this machine. It can be deleted. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'minitwit');

/** A short name for what is made by a recipe: a changed recipe makes something else. */
export function versionOf(recipe: string[]): string {
  return createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 12);
}

/** The path of a program that tests need, which is installed where Debian's apt-get can do it. */
export function findTool(program: string, packageName = program): string {
  return findOrInstall(
    program,
    packageName,
    (problem) => `Some tests need ${program}, and it could not be installed: ${problem}.
Install Debian's ${packageName}; or run the other tests: npx vitest --project mariadb --project browser`,
  );
}
