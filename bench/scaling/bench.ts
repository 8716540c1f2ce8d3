import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { startMysqlWithReplica } from '../../test/support/mysql-replica.ts';
import { startRedis } from '../../test/support/redis.ts';
import { deferCleanup, runBench } from '../cleanup.ts';
import { createDataSet } from '../data-sets.ts';
import { withBenchConnection } from '../databases.ts';
import { findOlderPages } from '../older-pages.ts';
import { startServer, type WebServer } from '../servers.ts';
import { type Setup, writeCosts } from './costs.ts';
import { measureCosts } from './measure-costs.ts';
import { writeCostSection } from './cost-section.ts';

const ROUNDS = 3;
const SECONDS = 5;
const OLDER_PAGES = 2000;
const CATCH_UP_MAX_S = 1800;
// The buffer pool holds all data, and the disk is not measured.
const OPTIONS = [
  '--innodb-buffer-pool-size=2G',
  '--innodb-flush-log-at-trx-commit=2',
  '--sync-binlog=0',
];

// Every action is counted, and none is refused.
const LIMITS: Environment = {
  RATE_LIMITS: 'on',
  ...Object.fromEntries(
    [
      'LOGINS_PER_ADDRESS',
      'ALL_LOGINS_PER_NAME',
      'ALL_LOGINS_PER_ADDRESS',
      'POSTS_PER_USER',
      'FOLLOWS_PER_USER',
      'PAGES_PER_USER',
      'PAGES_PER_ADDRESS',
    ].map((name) => [`LIMIT_${name}`, '1000000']),
  ),
};

await runBench(measure);

/** Measures the processor time of each page, with and without a replica, on MySQL with data set M. */
async function measure(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-'));
  await deferCleanup(() => rm(folder, { recursive: true }));
  logProgress('Starting MySQL and a replica');
  const { writer, replica } = await startMysqlWithReplica(
    (cleanup) => void deferCleanup(async () => cleanup()),
    OPTIONS,
  );
  logProgress('Creating the data set');
  const data = await createDataSet({ config: writer.config }, 'M', { withOriginal: false });
  logProgress('Waiting for the replica');
  await waitForReplica(writer.administrator, replica.administrator);
  const servers = await startServers(data.ours, folder, {
    DB_READ_HOST: `${replica.config.host}:${replica.config.port}`,
  });
  const older = await findOlderPages(servers.alone, data, OLDER_PAGES);
  const pages = await measureCosts(
    {
      servers,
      writerPid: await readPid(writer.administrator),
      replicaPid: await readPid(replica.administrator),
    },
    { data, older, fullPageUsers: [] },
    { rounds: ROUNDS, seconds: SECONDS, folder, logProgress },
  );
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  const costs = { date: new Date().toISOString().slice(0, 10), machine, pages };
  await writeCosts(costs);
  await writeCostSection(costs);
}

/** Starts a server for each setup. */
async function startServers(
  database: DatabaseConfig,
  folder: string,
  replica: Environment,
): Promise<Record<Setup, WebServer>> {
  const redis = await startRedis((cleanup) => void deferCleanup(async () => cleanup()));
  const start = async (settings: Environment) => {
    const server = await startServer('ours', folder, {
      database,
      settings: { ...LIMITS, ...settings },
    });
    await deferCleanup(() => server.stop());
    return server;
  };
  const store = { LIMITS_STORE: `redis://${redis.config.host}:${redis.config.port}` };
  return {
    alone: await start({}),
    replica: await start(replica),
    redis: await start({ ...replica, ...store }),
  };
}

async function waitForReplica(writer: DatabaseConfig, replica: DatabaseConfig): Promise<void> {
  const position = await readValue(writer, 'select @@global.gtid_executed as value');
  const isLate = await readValue(
    replica,
    `select wait_for_executed_gtid_set('${position}', ${CATCH_UP_MAX_S}) as value`,
  );
  if (isLate !== '0') throw new Error(`The replica needs more than ${CATCH_UP_MAX_S} s.`);
}

async function readPid(administrator: DatabaseConfig): Promise<number> {
  const path = await readValue(administrator, 'select @@global.pid_file as value');
  return Number(await readFile(path, 'utf8'));
}

async function readValue(config: DatabaseConfig, sql: string): Promise<string> {
  return withBenchConnection(config, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return String(rows[0]?.value);
  });
}

function logProgress(progress: string): void {
  console.error(`${new Date().toTimeString().slice(0, 8)} ${progress}`);
}
