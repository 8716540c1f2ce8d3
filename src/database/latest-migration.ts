import { readdir } from 'node:fs/promises';

const FOLDER = new URL('../../migrations/', import.meta.url);

/** Returns the number of the last migration, which the code needs. Its files have names such as `002.do.no-cascades.sql`. */
export async function findLatestVersion(): Promise<number> {
  const names = await readdir(FOLDER);
  return Math.max(...names.map(Number.parseFloat));
}
