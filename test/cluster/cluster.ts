import { join } from 'node:path';
import { beforeAll, onTestFinished } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { type Defer, useCleanup } from '../support/cleanup.ts';
import { startLoadBalancer } from '../support/load-balancer.ts';
import { reservePort } from '../support/ports.ts';
import { databaseSettings, type Program, startProgram } from '../support/programs.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';

const INSTANCES = 2;
const PRODUCTION = {
  HOST: '127.0.0.1',
  TRUST_PROXY: '1',
  RATE_LIMITS: 'off',
  LOG_LEVEL: 'warn',
  NODE_ENV: 'production',
};

/** A server of MiniTwit with a fixed port. */
export interface Instance {
  url: string;
  program: () => Program;
  /**
   * Starts the server, also after it has exited. Resolves when it responds.
   * @param source the folder with the source, by default that of this checkout
   */
  start: (source?: string) => Promise<void>;
}

/** A production setup on this machine: a load balancer, two instances and a database. */
export interface Cluster {
  /** The URL of the load balancer. */
  url: string;
  instances: [Instance, Instance];
  mariadb: Mariadb;
  /** A direct connection to the database. */
  database: Database;
}

/** Differences from production. */
export interface ClusterOptions {
  /** Settings of the instances. */
  settings?: Environment;
  /** Options of mariadbd. */
  mariadb?: string[];
  /** The retries of the load balancer if it cannot connect to an instance. */
  retries?: number;
  /** The folder with the source of another release, whose tables are created, and whose servers are started. */
  source?: string;
}

/** Starts a cluster with empty tables for all tests of a file. Returns a function that returns the cluster. */
export function useCluster(options: ClusterOptions = {}): () => Cluster {
  const defer = useCleanup();
  let cluster: Cluster | null = null;
  beforeAll(async () => {
    cluster = await startCluster(options, defer);
  });
  return () => {
    if (!cluster) throw new Error('The cluster has not started yet.');
    return cluster;
  };
}

/** Starts a cluster with empty tables. By default, it stops at the end of the test. */
export async function startCluster(
  { settings = {}, mariadb: mariadbOptions = [], source = '.', ...balancing }: ClusterOptions = {},
  defer: Defer = onTestFinished,
): Promise<Cluster> {
  const mariadb = await startMariadb(mariadbOptions, defer);
  await createTables(mariadb.adminConfig, source);
  const database = openDatabase(mariadb.config);
  defer(() => database.end());
  const ports = await Promise.all(Array.from({ length: INSTANCES }, () => reservePort(defer)));
  const toDatabase = databaseSettings(mariadb.config);
  const instances = ports.map((port) =>
    createInstance(port, defer, () => ({
      ...toDatabase,
      SESSION_SECRET: 'a secret of the tests with 32 characters or more',
      ...settings,
    })),
  );
  await Promise.all(instances.map((instance) => instance.start(source)));
  const { url } = await startLoadBalancer(ports, defer, balancing);
  return { url, instances: instances as [Instance, Instance], mariadb, database };
}

/** Creates the tables of this checkout or of another release. */
async function createTables(config: DatabaseConfig, source: string): Promise<void> {
  if (source === '.') {
    await initializeSchema(config, { existing: 'refuse', waitMaxMs: HANG_MS });
  } else {
    const initdb = startProgram(join(source, 'src/initdb.ts'), databaseSettings(config));
    if ((await initdb.ended) !== 0) throw new Error(initdb.output.stderr);
  }
}

/**
 * Creates an instance, which the test starts.
 * @param readSettings returns the settings of the next start. There are defaults for all but the database and secrets
 */
export function createInstance(
  port: number,
  defer: Defer,
  readSettings: () => Environment,
): Instance {
  const url = `http://127.0.0.1:${port}`;
  let program: Program | null = null;
  defer(async () => {
    program?.process.kill('SIGKILL');
    await program?.ended;
  });
  return {
    url,
    program() {
      if (!program) throw new Error('The instance was not started.');
      return program;
    },
    async start(source = '.') {
      const started = startProgram(
        join(source, 'src/server.ts'),
        { ...PRODUCTION, ...readSettings(), PORT: String(port) },
        { outlivesTest: true },
      );
      program = started;
      await waitFor(`${url} responds`, async () => {
        if (started.process.exitCode !== null) throw new Error(started.output.stderr);
        const response = await fetch(`${url}/healthz`).catch(() => null);
        return response?.status === 200;
      });
    },
  };
}
