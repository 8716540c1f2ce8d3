import type { TestProject } from 'vitest/node';
import { startRealMysql } from './real-mysql.ts';

/** Gives the tests a MySQL that takes plain connections, with caching_sha2_password. */
export default async function startMysql(project: TestProject): Promise<() => Promise<void>> {
  await using cleanups = new AsyncDisposableStack();
  const logins = await startRealMysql((act) => cleanups.defer(act));
  project.provide('database', logins.config);
  project.provide('administrator', logins.administrator);
  const moved = cleanups.move();
  return () => moved.disposeAsync();
}
