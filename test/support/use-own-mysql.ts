import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { type DatabaseConfig, readDatabaseConfig } from '../../src/config/config.ts';
import { runSql } from './database.ts';

/**
 * Provides the server of `DB_*` to the tests. They create and drop databases called `minitwit_…` there. Tests that
 * create users are skipped if `DB_USER` may not create users.
 * @throws Error if `DB_USER` may not create users and `CI` is set
 */
export default async function useOwnMysql(project: TestProject): Promise<void> {
  const config = readDatabaseConfig(process.env);
  const refusal = await findRefusal(config);
  if (refusal && process.env.CI)
    throw new Error(
      `DB_USER=${config.user} may not create users and grant privileges. Set DB_USER to an administrator.`,
      { cause: refusal },
    );
  project.provide('database', config);
  project.provide('administrator', refusal ? null : config);
  project.provide('authority', process.env.DB_SSL_CA ?? '');
}

/** Returns the error if this user cannot create a user and grant it privileges, or null. */
async function findRefusal(config: DatabaseConfig): Promise<unknown> {
  const user = `'minitwit_${randomBytes(6).toString('hex')}'@'%'`;
  try {
    await runSql(config, `create user ${user} identified by '${randomBytes(12).toString('hex')}'`);
  } catch (error) {
    return error;
  }
  try {
    await runSql(config, `grant select, drop on *.* to ${user} with grant option`);
    return null;
  } catch (error) {
    return error;
  } finally {
    await runSql(config, `drop user ${user}`);
  }
}
