import type { TestProject } from 'vitest/node';
import { startRealMysql } from './real-mysql.ts';

/** Provides a MySQL without TLS, with caching_sha2_password, to the tests of a project. */
export default async function startMysql(project: TestProject): Promise<() => Promise<void>> {
  await using cleanups = new AsyncDisposableStack();
  const logins = await startRealMysql((act) => cleanups.defer(act));
  project.provide('database', logins.config);
  project.provide('administrator', logins.administrator);
  const moved = cleanups.move();
  return () => moved.disposeAsync();
}
