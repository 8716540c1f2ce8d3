import { existsSync, globSync } from 'node:fs';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { findProgram } from '../../src/dev/programs.ts';
import { AWS_EMULATOR } from './aws-emulator.ts';
import { findMissingForContainer, findMissingForMachines } from './find-missing.ts';
import { REAL_MYSQL } from './real-mysql.ts';

/** A part of the tests, with its requirements on the machine. */
export interface Part {
  /** The subject of the tests. */
  about: string;
  /** The missing requirement on this machine, or null. */
  missing: string | null;
  projects: TestProjectInlineConfiguration[];
}

const MARIADB = 'test/support/start-mariadb.ts';
const CHROMIUM = 'test/support/start-chromium.ts';
const EMULATOR = 'test/support/start-aws-emulator.ts';

const MACHINES = ['test/deploy', 'test/warehouse/machine'];
const CYCLE = ['test/warehouse/cycle'];
// These tests stand beside tests of the same subject, but have more requirements.
const DETAILS = 'test/**/*.details.test.ts';
const ON_EMULATOR = 'test/**/*.emulator.test.ts';
const ON_MYSQL = 'test/**/*.mysql.test.ts';
const ON_REDIS = 'test/**/*.redis.test.ts';
const ON_TLS = 'test/**/*.tls.test.ts';
const FILES_OF_OTHER_PARTS = [
  ...['test/browser', 'test/cluster', 'test/container'].map(filesIn),
  ...[...MACHINES, ...CYCLE].map(filesIn),
  DETAILS,
  ON_EMULATOR,
  ON_MYSQL,
  ON_REDIS,
  ON_TLS,
];
// The SQL in these files may behave differently on MySQL and MariaDB.
const DIALECT = existing([
  'test/database/app-user.test.ts',
  'test/database/database.test.ts',
  'test/database/migrations.test.ts',
  'test/database/outage.test.ts',
  'test/database/reader-user.test.ts',
  'test/database/schema.test.ts',
  'test/database/transaction.test.ts',
  'test/initdb.test.ts',
  'test/migrate.test.ts',
  'test/prompt/*.test.ts',
  'test/repositories/*.test.ts',
  'test/warehouse/copy/checksum.test.ts',
  'test/warehouse/copy/consistency.test.ts',
  'test/warehouse/copy/copy-database.test.ts',
  'test/warehouse/copy/differences.test.ts',
  'test/warehouse/copy/failures.test.ts',
  'test/warehouse/copy/keys.test.ts',
  'test/warehouse/copy/ledger.test.ts',
  'test/warehouse/copy/lost-snapshot.test.ts',
  'test/warehouse/copy/refused-values.test.ts',
  'test/web/minitwit.test.ts',
]);
// These files connect to the database with programs or with their own settings.
const LOGIN = existing([
  'test/database/app-user.test.ts',
  'test/database/database.test.ts',
  'test/database/outage.test.ts',
  'test/database/reader-user.test.ts',
  'test/initdb.test.ts',
  'test/migrate.test.ts',
  'test/prompt/*.test.ts',
  'test/server.test.ts',
  'test/warehouse/copy/copy-database.test.ts',
  'test/web/minitwit.test.ts',
]);
// These files count in the database in the other parts.
const LIMITED = existing([
  'test/limits/counters.test.ts',
  'test/repositories/rate-limits.test.ts',
  'test/web/routes/rate-limits.test.ts',
]);

/** Returns the patterns. @throws Error if one matches no file, for example because a test was renamed */
function existing(patterns: string[]): string[] {
  const missing = patterns.filter((pattern) => globSync(pattern).length === 0);
  if (missing.length > 0) throw new Error(`No test matches ${missing.join(', ')}.`);
  return patterns;
}

/** The tests of `npm test`, which need only Node.js and the package registries. */
export const PRODUCT: Part = {
  about: 'the product, on MariaDB and in Chromium',
  missing: null,
  projects: [
    project('product', {
      include: ['test/**/*.test.ts'],
      exclude: FILES_OF_OTHER_PARTS,
      globalSetup: [MARIADB],
    }),
    project('browser', {
      include: [filesIn('test/browser')],
      exclude: [DETAILS],
      globalSetup: [MARIADB, CHROMIUM],
    }),
  ],
};

/** The further tests of `npm run test:all`. */
export const OTHERS: Part[] = [
  {
    about: 'slow details, on MariaDB and in Chromium',
    missing: null,
    projects: [project('details', { include: [DETAILS], globalSetup: [MARIADB, CHROMIUM] })],
  },
  {
    about: 'MySQL',
    missing: findMissingMysql(),
    projects: [
      project('mysql', {
        include: [ON_MYSQL, ...DIALECT],
        globalSetup: [
          process.env.DB_HOST ? 'test/support/use-own-mysql.ts' : 'test/support/start-mysql.ts',
        ],
      }),
    ],
  },
  {
    about: 'the tables without foreign keys, and ids that are not consecutive',
    missing: null,
    projects: [
      project('portable', {
        include: ['test/repositories/*.test.ts'],
        globalSetup: ['test/support/start-portable-mariadb.ts'],
      }),
    ],
  },
  {
    about: 'TLS to the database',
    missing: findMissingTool('openssl'),
    projects: [
      project('tls', {
        include: [ON_TLS, ...LOGIN],
        globalSetup: ['test/support/start-tls.ts'],
      }),
    ],
  },
  {
    about: 'rate limits in Redis',
    missing: findMissingTool('redis-server') ?? findMissingTool('openssl'),
    projects: [
      project('redis', {
        include: [ON_REDIS, ...LIMITED],
        globalSetup: [MARIADB],
        provide: { limitsStore: 'redis' },
      }),
    ],
  },
  {
    about: 'failures of a cluster',
    missing: findMissingTool('haproxy'),
    projects: [
      project('cluster', {
        include: [filesIn('test/cluster')],
        globalSetup: [MARIADB, CHROMIUM, 'test/cluster/figures.ts'],
      }),
    ],
  },
  {
    about: 'the container image',
    missing: findMissingForContainer(),
    projects: [
      project('container', {
        include: [filesIn('test/container')],
        globalSetup: [MARIADB],
      }),
    ],
  },
  {
    about: 'machines that user data and the warehouse configure',
    missing: findMissingForMachines(),
    projects: [project('machines', { include: MACHINES.map(filesIn) })],
  },
  {
    about: 'the AWS commands, on an emulator',
    missing: findMissingEmulator(),
    projects: [project('emulator', { include: [ON_EMULATOR], globalSetup: [EMULATOR] })],
  },
  {
    about: 'the life cycle of a warehouse, on an emulator with machines',
    missing: findMissingForMachines() ?? findMissingEmulator(),
    projects: [project('cycle', { include: CYCLE.map(filesIn), globalSetup: [EMULATOR] })],
  },
];

function findMissingTool(program: string): string | null {
  // The Debian package of a missing program is unpacked.
  return findProgram(program) || findProgram('apt-get') ? null : `there is no ${program}`;
}

function findMissingMysql(): string | null {
  if (process.env.DB_HOST || existsSync(REAL_MYSQL)) return null;
  return `no DB_HOST is set, and there is no ${REAL_MYSQL}`;
}

function findMissingEmulator(): string | null {
  if (process.env.TEST_AWS_ENDPOINT) return null;
  return existsSync(AWS_EMULATOR) ? null : `there is no ${AWS_EMULATOR}`;
}

function filesIn(folder: string): string {
  return `${folder}/**/*.test.ts`;
}

function project(name: string, options: TestProjectInlineConfiguration['test']) {
  return {
    extends: true as const,
    // Loading the modules takes longer than the tests of most files.
    test: { name, isolate: false, setupFiles: ['test/support/after-each.ts'], ...options },
  };
}
