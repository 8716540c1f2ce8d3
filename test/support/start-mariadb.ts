import type { TestProject } from 'vitest/node';
import { createFastFolder } from './fast-folder.ts';
import { startTemporaryMariadb } from './temporary-mariadb.ts';

const DATA_BYTES = 1024 ** 3;

/** Provides a private MariaDB to the tests of a project. */
export default async function startMariadb(project: TestProject): Promise<() => Promise<void>> {
  await using cleanups = new AsyncDisposableStack();
  const folder = await createFastFolder('minitwit-mariadb-', DATA_BYTES);
  const logins = await startTemporaryMariadb((act) => cleanups.defer(act), folder);
  project.provide('database', logins.config);
  project.provide('administrator', logins.administrator);
  const moved = cleanups.move();
  return () => moved.disposeAsync();
}
