import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readDatabaseConfig } from '../../src/config.ts';
import { makeAuthority } from './certificates.ts';
import { startMysqlWithTls } from './real-mysql.ts';

/** Gives the tests a MySQL that refuses plain connections, and its authority. */
export default async function startMysqlTls(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-tls-'));
  const mysql = await startMysqlWithTls(await makeAuthority(folder, 'authority'), 'localhost');
  project.provide('database', readDatabaseConfig(mysql.settings));
  project.provide('administrator', readDatabaseConfig(mysql.administrator));
  return async () => {
    await mysql.stop();
    await rm(folder, { recursive: true });
  };
}
