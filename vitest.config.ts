import { existsSync } from 'node:fs';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { AWS_EMULATOR } from './test/support/aws-emulator.ts';
import { canRunContainers } from './test/support/can-run-containers.ts';
import { SummaryReporter } from './test/support/summary-reporter.ts';

const REAL_MYSQL = '../shared/bin/real-mysql';

const mariadb = './test/support/start-mariadb.ts';
const chromium = './test/support/install-chromium.ts';

// What runs once, in a project of its own: real browsers, MiniTwit as in production, the image, and
// computers that start with our user data. What the cluster measures wants the machine for itself.
const once = [
  own('browser', { globalSetup: [mariadb, chromium], testTimeout: 60_000 }),
  // but for what runs on each server, and what takes a computer of its own
  own('warehouse', {
    globalSetup: [mariadb],
    include: [
      'test/warehouse/*.test.ts',
      'test/warehouse/{dump,instance,report,run,ssh}/*.test.ts',
      'test/warehouse/copy/{between-servers,progress,throttle}.test.ts',
    ],
  }),
  own('cluster', {
    globalSetup: [mariadb, chromium, './test/cluster/figures.ts'],
    testTimeout: 300_000,
    maxWorkers: 1,
    sequence: { groupOrder: 1 },
  }),
];
// each on an emulator of its own, since they look at all that there is in an account
const emulator = './test/support/start-aws-emulator.ts';
const onceWithEmulator = [
  own('cloud', {
    globalSetup: [emulator],
    hookTimeout: 300_000,
    testTimeout: 60_000,
    // AWS's clients are large: a worker reads them once, and not for each file
    isolate: false,
  }),
  own('warehouse-aws', {
    include: ['test/warehouse/aws/*.test.ts'],
    globalSetup: [emulator],
    hookTimeout: 300_000,
  }),
];
const onceAsRoot = [
  own('container', {
    globalSetup: [mariadb],
    testTimeout: 60_000,
    // to make the image, and the first time what it is based on
    hookTimeout: 600_000,
  }),
  own('deploy', {
    testTimeout: 120_000,
    // the first time, Debian's packages are fetched for a computer of its own
    hookTimeout: 600_000,
  }),
  own('warehouse-machine', {
    include: ['test/warehouse/machine/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
  }),
];
const onceAsRootWithEmulator = [
  own('warehouse-cycle', {
    include: ['test/warehouse/cycle/*.test.ts'],
    globalSetup: [emulator],
    testTimeout: 300_000,
    hookTimeout: 600_000,
  }),
];

// All others run on each server that there is, but for what is about one of them alone.
const tlsOnly = ['test/database/tls.test.ts'];
const mariadbOnly = [
  'test/local.test.ts',
  'test/database/private-mariadb.test.ts',
  'test/database/server-user-rules.test.ts',
];
// Over TLS once more: all that connects, and the whole server. What asks the same on whatever connection need not.
const plainOnly = [
  'test/{forms,middleware,presentation,repositories}/**/*.test.ts',
  'test/database/transact.test.ts',
  'test/warehouse/statistics/*.test.ts',
];
const ownMysql = [on('DB_*', './test/support/use-own-mysql.ts', [...mariadbOnly, ...tlsOnly])];
const realMysql = [
  on('mysql', './test/support/start-mysql.ts', [...mariadbOnly, ...tlsOnly]),
  on('mysql-tls', './test/support/start-mysql-tls.ts', [...mariadbOnly, ...plainOnly]),
];
const mysql = [
  ...(process.env.DB_HOST ? ownMysql : []),
  ...(existsSync(REAL_MYSQL) ? realMysql : []),
];

const remarks = [
  ...(existsSync(AWS_EMULATOR)
    ? []
    : [
        `Did not try the stack, nor the warehouse, on an emulator of AWS: there is no ${AWS_EMULATOR}.`,
      ]),
  ...(mysql.length > 0
    ? []
    : [`Ran on MariaDB alone: no DB_HOST is set, and there is no ${REAL_MYSQL}.`]),
  ...(canRunContainers()
    ? []
    : ['Did not try the image, nor the user data: that takes a Debian, and a root who may mount.']),
];

function own(name: string, options: TestProjectInlineConfiguration['test']) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
  };
}

function on(name: string, globalSetup: string, exclude: string[]) {
  const apart = [...once, ...onceWithEmulator, ...onceAsRoot, ...onceAsRootWithEmulator];
  const folders = apart.flatMap(({ test }) => test.include);
  return {
    extends: true as const,
    test: {
      name,
      globalSetup: [globalSetup],
      include: ['test/**/*.test.ts'],
      exclude: [...exclude, ...folders],
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      on('mariadb', mariadb, tlsOnly),
      ...mysql,
      ...once,
      ...(existsSync(AWS_EMULATOR) ? onceWithEmulator : []),
      ...(canRunContainers() ? onceAsRoot : []),
      ...(canRunContainers() && existsSync(AWS_EMULATOR) ? onceAsRootWithEmulator : []),
    ],
    reporters: ['default', new SummaryReporter(remarks)],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // more than most machines have cores: much of it waits
    maxWorkers: 3,
  },
});
