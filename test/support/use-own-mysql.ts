import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { type DatabaseConfig, readDatabaseConfig } from '../../src/config/config.ts';
import { runSql } from './database.ts';

/**
 * Gives the tests the server that `DB_*` name. They create databases `minitwit_…` there, and drop them. The tests that
 * create users are skipped if `DB_USER` may not do that.
 * @throws Error if `DB_USER` may not create users and `CI` is set
 */
export default async function useOwnMysql(project: TestProject): Promise<void> {
  const config = readDatabaseConfig(process.env);
  const refusal = await findRefusal(config);
  if (refusal && process.env.CI)
    throw new Error(
      `The tests need a user who may create users and grant rights. DB_USER=${config.user} may not: set DB_USER to an administrator.`,
      { cause: refusal },
    );
  project.provide('database', config);
  project.provide('administrator', refusal ? null : config);
  project.provide('authority', process.env.DB_SSL_CA ?? '');
}

/** Returns why this user cannot create another user with rights of its own, or null. */
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
