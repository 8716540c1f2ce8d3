import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

const REAL_MYSQL = '../shared/bin/real-mysql';

// The same tests on each server that there is. What is about one of them alone runs there only.
const everywhere = ['test/**/*.test.ts'];
const mariadbOnly = [
  'test/local.test.ts',
  'test/database/private-mariadb.test.ts',
  'test/browser/**',
  'test/cluster/**',
];
const tlsOnly = ['test/database/tls.test.ts'];

const mariadb = project('mariadb', './test/support/start-mariadb.ts', [
  ...tlsOnly,
  'test/browser/**',
  'test/cluster/**',
]);
const browser = {
  extends: true as const,
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['./test/support/start-mariadb.ts', './test/support/install-chromium.ts'],
    testTimeout: 60_000,
  },
};
// Last and one after the other: what they measure wants the machine for itself.
const cluster = {
  extends: true as const,
  test: {
    name: 'cluster',
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: ['./test/cluster/figures.ts', './test/support/install-chromium.ts'],
    testTimeout: 180_000,
    maxWorkers: 1,
    sequence: { groupOrder: 1 },
  },
};
const ownMysql = [project('DB_*', './test/support/use-own-mysql.ts', [...mariadbOnly, ...tlsOnly])];
const realMysql = [
  project('mysql', './test/support/start-mysql.ts', [...mariadbOnly, ...tlsOnly]),
  project('mysql-tls', './test/support/start-mysql-tls.ts', mariadbOnly),
];
const more = [
  ...(process.env.DB_HOST ? ownMysql : []),
  ...(existsSync(REAL_MYSQL) ? realMysql : []),
];

function project(name: string, globalSetup: string, exclude: string[]) {
  return {
    extends: true as const,
    test: { name, globalSetup: [globalSetup], include: everywhere, exclude },
  };
}

export default defineConfig({
  test: {
    projects: [mariadb, browser, ...more, cluster],
    reporters: [
      'default',
      new SummaryReporter(
        more.length > 0
          ? null
          : `Ran on MariaDB alone: no DB_HOST is set, and there is no ${REAL_MYSQL}.`,
      ),
    ],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
