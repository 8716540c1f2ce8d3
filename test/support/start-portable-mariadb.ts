import type { TestProject } from 'vitest/node';
import { createFastFolder } from './fast-folder.ts';
import { startTemporaryMariadb } from './temporary-mariadb.ts';

const DATA_BYTES = 1024 ** 3;
const OPTIONS = [
  '--auto-increment-increment=7',
  '--auto-increment-offset=3',
  // As by default since MariaDB 11.6, a row that has changed after the snapshot of a transaction cannot be locked.
  '--loose-innodb-snapshot-isolation=1',
];

/**
 * Provides a private MariaDB whose tables have no foreign keys, and which leaves out numbers between ids, as distributed
 * databases do.
 */
export default async function startPortableMariadb(
  project: TestProject,
): Promise<() => Promise<void>> {
  await using cleanups = new AsyncDisposableStack();
  const folder = await createFastFolder('minitwit-portable-', DATA_BYTES);
  const logins = await startTemporaryMariadb((act) => cleanups.defer(act), folder, OPTIONS);
  project.provide('database', logins.config);
  project.provide('administrator', logins.administrator);
  project.provide('hasForeignKeys', false);
  const moved = cleanups.move();
  return () => moved.disposeAsync();
}
