import type { TestProject } from 'vitest/node';
import { readDatabaseConfig } from '../../src/config.ts';

/** Gives the tests the server that `DB_*` name; they make databases `minitwit_…` there, and drop them. */
export default function useOwnMysql(project: TestProject): void {
  project.provide('database', readDatabaseConfig(process.env));
  project.provide('administrator', null);
}
