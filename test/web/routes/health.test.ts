import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import express from 'express';
import request from 'supertest';
import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../../src/web/app.ts';
import { openDatabase } from '../../../src/database/database.ts';
import { findLatestVersion } from '../../../src/database/latest-migration.ts';
import { createPasswords } from '../../../src/web/passwords/passwords.ts';
import { createRateLimitCounters } from '../../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../../src/repositories/rate-limits.ts';
import { createRepositories } from '../../../src/repositories/repositories.ts';
import { addHealthRoutes } from '../../../src/web/routes/health.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { runSql, useDatabase } from '../../support/database.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { listen } from '../../support/listen.ts';
import { captureLog } from '../../support/capture-log.ts';
import { testConfig } from '../../support/minitwit.ts';
import { waitFor } from '../../support/wait-for.ts';

const { config } = useDatabase();
const proxy = await startTcpProxy(config);
const defer = useCleanup();
const database = openDatabase(proxy.config);
defer(() => database.end());
const passwords = createPasswords();
defer(() => passwords.close());
const repositories = createRepositories(database);
const SCHEMA_VERSION = await findLatestVersion();
const { logger } = captureLog();
const dependencies = {
  config: testConfig,
  repositories,
  rateLimits: createRateLimits(createRateLimitCounters(database), null, logger),
  passwords,
  isReady: () => repositories.isReady(SCHEMA_VERSION),
  logger,
};
const app = createApp(dependencies);

async function check(path: string): Promise<[status: number, text: string]> {
  const { status, text } = await request(app).get(path);
  return [status, text];
}

test('both checks return 200 with a database, and caches do not store that', async () => {
  expect(await check('/healthz')).toEqual([200, 'alive\n']);
  expect(await check('/readyz')).toEqual([200, 'ready\n']);
  const { headers } = await request(app).get('/readyz');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['set-cookie']).toBeUndefined();
});

test('/readyz returns 503 while the database is frozen, and /healthz returns 200', async () => {
  proxy.freeze();
  expect(await check('/readyz')).toEqual([503, 'not ready\n']);
  expect(await check('/healthz')).toEqual([200, 'alive\n']);
  proxy.resume();
  await waitFor('the process is ready again', async () => (await check('/readyz'))[0] === 200);
});

test('/readyz returns 503 if the readiness check does not return', async () => {
  const frozen = express();
  addHealthRoutes(frozen, () => new Promise(() => undefined), testConfig);
  const { status } = await request(frozen).get('/readyz');
  expect(status).toBe(503);
});

test('/readyz returns 503 without the migrations that the code needs, and without any tables', async () => {
  await runSql(config, `update schema_version set version = 0 where version = ${SCHEMA_VERSION}`);
  expect(await check('/readyz')).toEqual([503, 'not ready\n']);
  await runSql(config, 'alter table schema_version rename to other');
  expect(await check('/readyz')).toEqual([503, 'not ready\n']);
  await runSql(config, 'alter table other rename to schema_version');
  await runSql(config, `update schema_version set version = ${SCHEMA_VERSION} where version = 0`);
  expect(await check('/readyz')).toEqual([200, 'ready\n']);
});

test('a page returns 503 without MiniTwit’s tables', async () => {
  await runSql(config, 'alter table user rename to other');
  const page = await request(app).get('/alice');
  expect(page.status).toBe(503);
  await runSql(config, 'alter table other rename to user');
});

test('returns 405 with the allowed methods', async () => {
  const { status, headers } = await request(app).post('/healthz');
  expect(status).toBe(405);
  expect(headers.allow).toBe('GET, HEAD');
});

// How clients can write a path that Express routes to a health check.
test.each([
  '/readyz',
  '/readyz/',
  '/readyz?x',
  '/readyz#x',
  '/readyz\\#x',
  'http://x/readyz',
  '/healthz',
  '/healthz#x',
])(
  'behind a proxy, GET %s returns 404 to clients, and 200 to the proxy’s own check',
  async (target) => {
    const behindProxy = createApp({ ...dependencies, config: { ...testConfig, trustProxy: 1 } });
    const server = createServer(behindProxy);
    const port = await listen(server);
    onTestFinished(() => void server.close());
    expect(await requestTarget(port, target)).toBe(200);
    expect(await requestTarget(port, target, 'X-Forwarded-For: 192.0.2.1')).toBe(404);
  },
);

/** Sends a request target as it is, which fetch would normalize. Returns the status. */
async function requestTarget(port: number, target: string, header = 'X-Test: 1'): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}\r\n\r\n`);
  return Number((await readText(socket)).split(' ')[1]);
}
