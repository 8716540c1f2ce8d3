import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql, { type Connection } from 'mysql2/promise';
import { expect, onTestFinished, test } from 'vitest';
import { connectionOptions } from '../../src/database/open-connection.ts';
import { Client } from './client.ts';
import { type Cluster, type Instance, startCluster } from './cluster.ts';
import { note } from './figures.ts';
import { type Account, gather, isServed, type Made, more, settle, startLoad } from './load.ts';
import { waitFor } from '../support/wait-for.ts';

const PEOPLE = 8;

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

/** Waits until every instance says that it is ready, or that it is not. */
function readiness({ instances }: Cluster, status: 200 | 503): Promise<number> {
  return waitFor(`/readyz is ${status}`, async () => {
    const answers = await Promise.all(instances.map(({ url }) => statusOf(`${url}/readyz`)));
    return answers.every((answer) => answer === status);
  });
}

/** Expects that every instance lives, and has lived from the start. */
async function expectAlive({ instances }: Cluster): Promise<void> {
  for (const { url, program } of instances) {
    expect(await statusOf(`${url}/healthz`)).toBe(200);
    expect(program().process.exitCode).toBeNull();
  }
}

function expectNothingLost(account: Account): void {
  expect(account.found).toBe(account.acknowledged);
  expect(account.twice).toBe(0);
  expect(account.acknowledged).toBeGreaterThan(0);
}

/** Expects that whoever was not served was told so by MiniTwit: 503, and nothing worse. */
function expectTold(made: Made[]): void {
  const failed = made.filter((each) => !isServed(each));
  expect(failed.length).toBeGreaterThan(0);
  expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]));
}

/** Expects that whoever asked after the database was found to be back was served. */
function expectServedSince(sinceMs: number, made: Made[]): void {
  const since = made.filter(({ startedAtMs }) => startedAtMs > sinceMs);
  expect(since.length).toBeGreaterThan(100);
  expect(since.filter((each) => !isServed(each))).toEqual([]);
}

/** Returns how many connections the instances and these tests have. */
async function countConnections({ database }: Cluster): Promise<number> {
  const sql = 'select count(*) as total from information_schema.processlist';
  const [row] = await database.select<{ total: number }>(sql);
  return row?.total ?? 0;
}

function residentMb({ program }: Instance): number {
  const status = readFileSync(`/proc/${program().process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

test('the database is killed and started again', async () => {
  const cluster = await startCluster();
  const [alice, ...people] = await gather(cluster.url, PEOPLE + 1);
  const load = startLoad(people);
  await more(load, 200);
  await cluster.mariadb.kill();
  const notReadyMs = await readiness(cluster, 503);
  await expectAlive(cluster);
  const answer = await alice?.post('/add_message', { text: 'what alice wrote' });
  expect(answer?.status).toBe(503);
  expect(answer?.headers['retry-after']).toBe('5');
  expect(answer?.text).toContain('<link rel="stylesheet" href="/static/style.');
  expect(answer?.text).toContain('what alice wrote</textarea>');

  await cluster.mariadb.start();
  const pageMs = await waitFor(
    'a page',
    async () => (await statusOf(`${cluster.url}/public`)) === 200,
  );
  const readyMs = pageMs + (await readiness(cluster, 200));
  const readyAtMs = performance.now();
  await more(load, 200);
  await load.stop();
  await expectAlive(cluster);
  const account = await settle(load.made, cluster.database);
  await note('4. The database is killed, and started again', {
    ...account,
    'ms until the instances are not ready': notReadyMs,
    'ms from the database’s return to the first page': pageMs,
    'ms from the database’s return to ready': readyMs,
  });
  expectNothingLost(account);
  expectTold(load.made);
  expectServedSince(readyAtMs, load.made);
});

test('the database’s name leads to another server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-name-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const address = join(folder, 'address');
  // in one step: it is read at any time
  const leadTo = async (host: string) => {
    await writeFile(`${address}.new`, host);
    await rename(`${address}.new`, address);
  };
  await leadTo('127.0.0.1');
  const cluster = await startCluster({
    settings: {
      DB_HOST: 'database.test',
      ADDRESS_OF_DATABASE_TEST: address,
      NODE_OPTIONS: `--import=${import.meta.resolve('./moving-name.ts')}`,
    },
  });
  const load = startLoad(await gather(cluster.url, PEOPLE));
  await more(load, 200);
  await cluster.mariadb.kill();
  await readiness(cluster, 503);
  await cluster.mariadb.start({ host: '127.0.0.2' });
  expect(await statusOf(`${cluster.url}/public`)).toBe(503);
  await leadTo('127.0.0.2');
  const pageMs = await waitFor(
    'a page',
    async () => (await statusOf(`${cluster.url}/public`)) === 200,
  );
  await more(load, 200);
  await load.stop();
  await cluster.mariadb.kill();
  await cluster.mariadb.start();
  const account = await settle(load.made, cluster.database);
  await note('4. The database’s name leads to another server', {
    ...account,
    'ms from the new address to the first page': pageMs,
  });
  expectNothingLost(account);
});

test('the database comes back as a replica, which may be read alone', async () => {
  const cluster = await startCluster();
  const load = startLoad(await gather(cluster.url, PEOPLE));
  await more(load, 200);
  await cluster.mariadb.kill();
  await cluster.mariadb.start({ option: '--read-only' });
  await readiness(cluster, 200);
  const sinceMs = performance.now();
  await more(load, 600);
  const asReplica = load.made.filter(({ startedAtMs }) => startedAtMs > sinceMs);
  await cluster.mariadb.kill();
  await cluster.mariadb.start();
  await readiness(cluster, 200);
  const readyAtMs = performance.now();
  await more(load, 200);
  await load.stop();
  const account = await settle(load.made, cluster.database);
  await note('4. The database returns as a replica, and later as the primary', { ...account });
  expect(asReplica.filter(({ kind, status }) => kind === 'read' && status !== 200)).toEqual([]);
  expect(asReplica.filter(({ kind, status }) => kind === 'post' && status !== 503)).toEqual([]);
  expectNothingLost(account);
  expectServedSince(readyAtMs, load.made);
});

test('the database hangs', async () => {
  const cluster = await startCluster({
    settings: { RATE_LIMITS: 'on', LIMIT_POSTS_PER_USER: '9999' },
  });
  const load = startLoad(await gather(cluster.url, 5 * PEOPLE));
  await more(load, 400);
  cluster.mariadb.suspend();
  const hungAtMs = performance.now();
  await readiness(cluster, 503);
  await expectAlive(cluster);
  // twice the people: each has got an answer, and has asked again
  await more(load, 10 * PEOPLE);
  const loginAtMs = performance.now();
  const login = await new Client(cluster.url).login('person0');
  const loginMs = performance.now() - loginAtMs;
  const memoryMb = Math.max(...cluster.instances.map(residentMb));
  const whileHung = load.made.filter(
    ({ endedAtMs }) => endedAtMs > hungAtMs && endedAtMs < loginAtMs,
  );

  cluster.mariadb.resume();
  const pageMs = await waitFor(
    'a page',
    async () => (await statusOf(`${cluster.url}/public`)) === 200,
  );
  await readiness(cluster, 200);
  const readyAtMs = performance.now();
  await more(load, 400);
  await load.stop();
  await expectAlive(cluster);
  const account = await settle(load.made, cluster.database);
  await note('5. The database hangs', {
    ...account,
    'ms until a login gets 503': loginMs,
    'ms until the last 503': Math.max(
      ...whileHung.map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs),
    ),
    'MB of memory during the outage': memoryMb,
    'ms from the database’s return to the first page': pageMs,
  });
  expectTold(load.made);
  expect(login.status).toBe(503);
  expect(whileHung.length).toBeGreaterThan(0);
  expectNothingLost(account);
  expectServedSince(readyAtMs, load.made);
  expect(memoryMb).toBeLessThan(400);
});

test('the database has fewer connections than are wanted', async () => {
  const cluster = await startCluster({
    settings: { DB_POOL_SIZE: '20' },
    mariadb: ['--max-connections=50'],
  });
  const people = await gather(cluster.url, 5 * PEOPLE);
  const strangers: Connection[] = [];
  onTestFinished(() => strangers.forEach((stranger) => stranger.destroy()));
  await Promise.all(
    cluster.instances.map(async (instance) => {
      instance.program().process.kill('SIGTERM');
      await instance.program().ended;
      await instance.start();
    }),
  );
  // Opened now, since later there is none to be had.
  await countConnections(cluster);
  // until nobody else could log in; then a few leave
  for (let isFull = false; !isFull;) {
    const stranger = await mysql
      .createConnection(connectionOptions(cluster.mariadb.config))
      .catch(() => null);
    if (stranger) strangers.push(stranger);
    else isFull = true;
  }
  for (const stranger of strangers.splice(0, 5)) await stranger.end();

  const load = startLoad(people);
  await more(load, 1000);
  const before = await countConnections(cluster);
  const open = strangers.length;
  for (const stranger of strangers.splice(0)) await stranger.end();
  const grownMs = await waitFor('more connections', async () => {
    await more(load, 10);
    return (await countConnections(cluster)) > before - open;
  });
  await more(load, 200);
  await load.stop();
  await expectAlive(cluster);
  const account = await settle(load.made, cluster.database);
  await note('6. The database gives too few connections', {
    ...account,
    'ms until the pool has grown': grownMs,
  });
  expect(account.failed).toBe(0);
  expectNothingLost(account);
});
