import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { createAdministrator } from './administrator.ts';
import { createFastFolder } from './fast-folder.ts';

const DATA_BYTES = 1024 ** 3;

/** Gives the tests of a project a MariaDB of their own. */
export default async function startMariadb(project: TestProject): Promise<() => Promise<void>> {
  const folder = await createFastFolder('minitwit-mariadb-', DATA_BYTES);
  const { init, loginTo } = createAdministrator();
  const mariadb = await startPrivateMariadb(folder, { init });
  project.provide('database', mariadb.config);
  project.provide('administrator', loginTo(mariadb.config));
  return async () => {
    await mariadb.stop();
    await rm(folder, { recursive: true });
  };
}
