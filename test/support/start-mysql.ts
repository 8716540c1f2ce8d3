import type { TestProject } from 'vitest/node';
import { readDatabaseConfig } from '../../src/config.ts';
import { startRealMysql } from './real-mysql.ts';

/** Gives the tests a MySQL that takes plain connections, with caching_sha2_password. */
export default async function startMysql(project: TestProject): Promise<() => Promise<void>> {
  const mysql = await startRealMysql();
  project.provide('database', readDatabaseConfig(mysql.settings));
  project.provide('administrator', readDatabaseConfig(mysql.administrator));
  return () => mysql.stop();
}
