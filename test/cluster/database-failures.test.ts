import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql, { type Connection } from 'mysql2/promise';
import { expect, onTestFinished, test } from 'vitest';
import { connectionOptions } from '../../src/database/open-connection.ts';
import { Client } from './client.ts';
import { type Cluster, type Instance, startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';
import {
  type LedgerResult,
  createUsers,
  succeeded,
  type LoadRequest,
  waitForRequests,
  reconcile,
  startLoad,
} from './load.ts';
import { waitFor } from '../support/wait-for.ts';

const USERS = 8;

async function fetchStatus(url: string): Promise<number> {
  return (await fetch(url)).status;
}

/** Waits until `/readyz` of all instances returns a status. Returns the duration in milliseconds. */
function waitForReadiness({ instances }: Cluster, status: 200 | 503): Promise<number> {
  return waitFor(`/readyz returns ${status}`, async () => {
    const statuses = await Promise.all(instances.map(({ url }) => fetchStatus(`${url}/readyz`)));
    return statuses.every((each) => each === status);
  });
}

/** Expects that all instances are alive and have not restarted. */
async function expectAlive({ instances }: Cluster): Promise<void> {
  for (const { url, program } of instances) {
    expect(await fetchStatus(`${url}/healthz`)).toBe(200);
    expect(program().process.exitCode).toBeNull();
  }
}

function expectNothingLost(ledger: LedgerResult): void {
  expect(ledger.found).toBe(ledger.acknowledged);
  expect(ledger.duplicated).toBe(0);
  expect(ledger.acknowledged).toBeGreaterThan(0);
}

/** Expects that requests have failed, and all of them with a 503 of MiniTwit. */
function expectOnly503(made: LoadRequest[]): void {
  const failed = made.filter((each) => !succeeded(each));
  expect(failed.length).toBeGreaterThan(0);
  expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]));
}

/** Expects that all requests since a time have succeeded. */
function expectSuccessSince(sinceMs: number, made: LoadRequest[]): void {
  const since = made.filter(({ startedAtMs }) => startedAtMs > sinceMs);
  expect(since.length).toBeGreaterThan(100);
  expect(since.filter((each) => !succeeded(each))).toEqual([]);
}

/** Returns the number of connections of the instances and of these tests. */
async function countConnections({ database }: Cluster): Promise<number> {
  const sql = 'select count(*) as total from information_schema.processlist';
  const [row] = await database.select<{ total: number }>(sql);
  return row?.total ?? 0;
}

function readMemoryMb({ program }: Instance): number {
  const status = readFileSync(`/proc/${program().process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

test('returns 503 until a killed database has restarted', async () => {
  const cluster = await startCluster();
  const [alice, ...users] = await createUsers(cluster.url, USERS + 1);
  const load = startLoad(users);
  await waitForRequests(load, 200);
  await cluster.mariadb.kill();
  const notReadyMs = await waitForReadiness(cluster, 503);
  await expectAlive(cluster);
  const response = await alice?.post('/add_message', { text: 'a text of alice' });
  expect(response?.status).toBe(503);
  expect(response?.headers['retry-after']).toBe('5');
  expect(response?.text).toContain('<link rel="stylesheet" href="/static/style.');
  expect(response?.text).toContain('a text of alice</textarea>');

  await cluster.mariadb.start();
  const pageMs = await waitFor(
    'a page',
    async () => (await fetchStatus(`${cluster.url}/public`)) === 200,
  );
  const readyMs = pageMs + (await waitForReadiness(cluster, 200));
  const readyAtMs = performance.now();
  await waitForRequests(load, 200);
  await load.stop();
  await expectAlive(cluster);
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('4. The database is killed and restarted', {
    ...ledger,
    'until not ready (ms)': notReadyMs,
    'until a page is served again (ms)': pageMs,
    'until ready again (ms)': readyMs,
  });
  expectNothingLost(ledger);
  expectOnly503(load.requests);
  expectSuccessSince(readyAtMs, load.requests);
});

test('connects to the new address of the database name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-name-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const address = join(folder, 'address');
  // The file is replaced atomically, because instances read it at any time.
  const moveTo = async (host: string) => {
    await writeFile(`${address}.new`, host);
    await rename(`${address}.new`, address);
  };
  await moveTo('127.0.0.1');
  const cluster = await startCluster({
    settings: {
      DB_HOST: 'database.test',
      ADDRESS_OF_DATABASE_TEST: address,
      NODE_OPTIONS: `--import=${import.meta.resolve('./failover-dns.ts')}`,
    },
  });
  const load = startLoad(await createUsers(cluster.url, USERS));
  await waitForRequests(load, 200);
  await cluster.mariadb.kill();
  await waitForReadiness(cluster, 503);
  await cluster.mariadb.start({ host: '127.0.0.2' });
  expect(await fetchStatus(`${cluster.url}/public`)).toBe(503);
  await moveTo('127.0.0.2');
  const pageMs = await waitFor(
    'a page',
    async () => (await fetchStatus(`${cluster.url}/public`)) === 200,
  );
  await waitForRequests(load, 200);
  await load.stop();
  await cluster.mariadb.kill();
  await cluster.mariadb.start();
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('4. The database name resolves to another server', {
    ...ledger,
    'until a page is served again (ms)': pageMs,
  });
  expectNothingLost(ledger);
});

test('returns 503 while the database is a replica', async () => {
  const cluster = await startCluster();
  const load = startLoad(await createUsers(cluster.url, USERS));
  await waitForRequests(load, 200);
  await cluster.mariadb.kill();
  await cluster.mariadb.start({ option: '--read-only' });
  await waitForReadiness(cluster, 503);
  const sinceMs = performance.now();
  await waitForRequests(load, 600);
  const asReplica = load.requests.filter(({ startedAtMs }) => startedAtMs > sinceMs);
  await cluster.mariadb.kill();
  await cluster.mariadb.start();
  await waitForReadiness(cluster, 200);
  const readyAtMs = performance.now();
  await waitForRequests(load, 200);
  await load.stop();
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('4. The database restarts as a replica, and later as the primary', {
    ...ledger,
  });
  expect(asReplica.filter(({ status }) => status !== 503)).toEqual([]);
  expectNothingLost(ledger);
  expectSuccessSince(readyAtMs, load.requests);
});

test('returns 503 while the database is frozen', async () => {
  const cluster = await startCluster({
    settings: { RATE_LIMITS: 'on', LIMIT_POSTS_PER_USER: '9999' },
  });
  const load = startLoad(await createUsers(cluster.url, 5 * USERS));
  await waitForRequests(load, 400);
  cluster.mariadb.suspend();
  const frozenAtMs = performance.now();
  await waitForReadiness(cluster, 503);
  await expectAlive(cluster);
  // With twice as many requests as users, each user has received a response and sent another request.
  await waitForRequests(load, 10 * USERS);
  const loginAtMs = performance.now();
  const login = await new Client(cluster.url).login('user0');
  const loginMs = performance.now() - loginAtMs;
  const memoryMb = Math.max(...cluster.instances.map(readMemoryMb));
  const whileFrozen = load.requests.filter(
    ({ endedAtMs }) => endedAtMs > frozenAtMs && endedAtMs < loginAtMs,
  );

  cluster.mariadb.resume();
  const pageMs = await waitFor(
    'a page',
    async () => (await fetchStatus(`${cluster.url}/public`)) === 200,
  );
  await waitForReadiness(cluster, 200);
  const readyAtMs = performance.now();
  await waitForRequests(load, 400);
  await load.stop();
  await expectAlive(cluster);
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('5. The database is frozen', {
    ...ledger,
    'until a login returns 503 (ms)': loginMs,
    'slowest 503 (ms)': Math.max(
      ...whileFrozen.map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs),
    ),
    'memory of an instance (MB)': memoryMb,
    'until a page is served again (ms)': pageMs,
  });
  expectOnly503(load.requests);
  expect(login.status).toBe(503);
  expect(whileFrozen.length).toBeGreaterThan(0);
  expectNothingLost(ledger);
  expectSuccessSince(readyAtMs, load.requests);
  expect(memoryMb).toBeLessThan(400);
});

test('serves requests with fewer connections than DB_POOL_SIZE', async () => {
  const cluster = await startCluster({
    settings: { DB_POOL_SIZE: '20' },
    mariadb: ['--max-connections=50'],
  });
  const users = await createUsers(cluster.url, 5 * USERS);
  const otherConnections: Connection[] = [];
  onTestFinished(() => otherConnections.forEach((connection) => connection.destroy()));
  await Promise.all(
    cluster.instances.map(async (instance) => {
      instance.program().process.kill('SIGTERM');
      await instance.program().ended;
      await instance.start();
    }),
  );
  // This connection must be open before the database has no free one.
  await countConnections(cluster);
  // Other clients open all free connections. Then five of them disconnect.
  for (let isFull = false; !isFull;) {
    const connection = await mysql
      .createConnection(connectionOptions(cluster.mariadb.config))
      .catch(() => null);
    if (connection) otherConnections.push(connection);
    else isFull = true;
  }
  for (const connection of otherConnections.splice(0, 5)) await connection.end();

  const load = startLoad(users);
  await waitForRequests(load, 1000);
  const before = await countConnections(cluster);
  const open = otherConnections.length;
  for (const connection of otherConnections.splice(0)) await connection.end();
  const grownMs = await waitFor('more connections', async () => {
    await waitForRequests(load, 10);
    return (await countConnections(cluster)) > before - open;
  });
  await waitForRequests(load, 200);
  await load.stop();
  await expectAlive(cluster);
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('6. The database accepts too few connections', {
    ...ledger,
    'until more connections are open (ms)': grownMs,
  });
  expect(ledger.failed).toBe(0);
  expectNothingLost(ledger);
});
