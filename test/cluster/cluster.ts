import { beforeAll, onTestFinished } from 'vitest';
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

/** A server of MiniTwit at a port that it keeps, however often it is started. */
export interface Instance {
  url: string;
  program: () => Program;
  /** Starts it, again if it has ended; resolves when it listens. */
  start: () => Promise<void>;
}

/** MiniTwit as it runs in production, on this machine: a load balancer, two instances, a database. */
export interface Cluster {
  /** Where people find it. */
  url: string;
  instances: [Instance, Instance];
  mariadb: Mariadb;
  /** Reads what is stored, not through MiniTwit. */
  database: Database;
}

/** What may differ from production. */
export interface ClusterOptions {
  /** Settings of the instances. */
  settings?: Environment;
  /** Options of mariadbd. */
  mariadb?: string[];
  /** Of the load balancer, when it cannot connect to an instance. */
  retries?: number;
}

/** Starts all of it for this file's tests, with empty tables. */
export function useCluster(options: ClusterOptions = {}): () => Cluster {
  const defer = useCleanup();
  let cluster: Cluster | null = null;
  beforeAll(async () => {
    cluster = await startCluster(options, defer);
  });
  return () => {
    if (!cluster) throw new Error('The cluster is not there yet.');
    return cluster;
  };
}

/** Starts all of it, with empty tables; for one test, unless told otherwise. */
export async function startCluster(
  { settings = {}, mariadb: mariadbOptions = [], ...balancing }: ClusterOptions = {},
  defer: Defer = onTestFinished,
): Promise<Cluster> {
  const mariadb = await startMariadb(mariadbOptions, defer);
  await initializeSchema(mariadb.adminConfig, { existing: 'refuse', waitMaxMs: HANG_MS });
  const database = openDatabase(mariadb.config);
  defer(() => database.end());
  const ports = await Promise.all(Array.from({ length: INSTANCES }, () => reservePort(defer)));
  const toDatabase = databaseSettings(mariadb.config);
  const instances = ports.map((port) =>
    createInstance(port, defer, {
      ...toDatabase,
      SESSION_SECRET: 'a secret of the tests with 32 characters or more',
      HOST: '127.0.0.1',
      TRUST_PROXY: '1',
      RATE_LIMITS: 'off',
      LOG_LEVEL: 'warn',
      NODE_ENV: 'production',
      ...settings,
    }),
  );
  await Promise.all(instances.map((instance) => instance.start()));
  const { url } = await startLoadBalancer(ports, defer, balancing);
  return { url, instances: instances as [Instance, Instance], mariadb, database };
}

function createInstance(port: number, defer: Defer, settings: Environment): Instance {
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
    async start() {
      const started = startProgram(
        'src/server.ts',
        { ...settings, PORT: String(port) },
        { outlivesTest: true },
      );
      program = started;
      await waitFor(`${url} answers`, async () => {
        if (started.process.exitCode !== null) throw new Error(started.output.stderr);
        const answer = await fetch(`${url}/healthz`).catch(() => null);
        return answer?.status === 200;
      });
    },
  };
}
