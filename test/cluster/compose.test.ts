import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { readConfig, readDatabaseConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { useDatabase } from '../support/database.ts';
import { startLoadBalancer } from '../support/load-balancer.ts';
import { databaseSettings, startCommand, startProgram } from '../support/programs.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { findTool } from '../support/tools.ts';

interface Service {
  command?: string[];
  environment: Environment;
  ports?: string[];
  volumes?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  stop_grace_period?: string;
}

const WAIT = { timeout: HANG_MS, interval: 20 };
const { config } = useDatabase();
let services: Record<string, Service>;

beforeAll(async () => {
  const file = parse(await readFile('compose.yaml', 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
  };
  ({ services } = file);
});

function instances(): [name: string, service: Service][] {
  return Object.entries(services).filter(([name]) => name.startsWith('minitwit-'));
}

async function startInstance(changes: Environment = {}) {
  const instance = startProgram('src/server.ts', {
    ...databaseSettings(config),
    SESSION_SECRET: services['minitwit-1']?.environment.SESSION_SECRET,
    TRUST_PROXY: '1',
    HOST: '127.0.0.1',
    PORT: '0',
    ...changes,
  });
  await instance.waitForOutput('MiniTwit is listening');
  const port = Number(/"port":(\d+)/.exec(instance.output.stdout)?.[1]);
  const count = (path: string) => instance.output.stdout.split(`"path":"${path}"`).length - 1;
  return { ...instance, port, count };
}

/** Starts a stub of an instance. The test sets its readiness, and it records the headers of requests. */
async function startStub() {
  const stub = { isReady: true, headers: [] as IncomingHttpHeaders[], port: 0 };
  const server = createServer((req, res) => {
    if (req.url === '/readyz') res.writeHead(stub.isReady ? 200 : 503).end();
    else {
      stub.headers.push(req.headers);
      res.end();
    }
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  stub.port = (server.address() as AddressInfo).port;
  return stub;
}

/** Sends requests one after another on separate connections. Returns the status codes. */
async function sendRequests(url: string, times: number, headers: Record<string, string> = {}) {
  const statuses = [];
  for (let i = 0; i < times; i++) {
    const response = await fetch(url, { headers: { connection: 'close', ...headers } });
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

test('the settings of the instances are valid', () => {
  expect(instances()).toHaveLength(2);
  for (const [, { environment, stop_grace_period: grace }] of instances()) {
    expect(readConfig(environment)).toMatchObject({ trustProxy: 1, database: { host: 'mysql' } });
    expect(Number.parseInt(grace ?? '', 10)).toBeGreaterThan(Number(environment.DRAIN_MAX_S));
  }
  const { mysql, tables } = services;
  expect(readDatabaseConfig(tables?.environment ?? {})).toMatchObject({
    host: 'mysql',
    user: mysql?.environment.MYSQL_USER,
    password: mysql?.environment.MYSQL_PASSWORD,
    name: mysql?.environment.MYSQL_DATABASE,
  });
});

test('publishes only the port of the load balancer, and only to this machine', () => {
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${port}`),
  );
  expect(published).toEqual(['load-balancer 127.0.0.1:8080:8080']);
});

test('each container is read-only and without capabilities', () => {
  expect(Object.keys(services)).toHaveLength(5);
  for (const [name, service] of Object.entries(services)) {
    expect(service, name).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  }
});

test('the configuration of HAProxy is valid before the instances have addresses', async () => {
  const check = startCommand([findTool('haproxy'), '-c', '-f', resolve('compose/haproxy.cfg')]);
  expect(await check.ended, check.output.stderr).toBe(0);
  expect(check.output.stderr).not.toContain('[ALERT]');
  // The container has no other file.
  expect(services['load-balancer']?.volumes).toEqual([
    './compose/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro',
  ]);
});

test('distributes requests in turn, and only to the remaining instance after the other is killed', async () => {
  const [one, two] = [await startInstance(), await startInstance()];
  const { url } = await startLoadBalancer([one.port, two.port], onTestFinished);
  expect(await sendRequests(`${url}/public`, 6)).toEqual(Array(6).fill(200));
  await one.waitForOutput('"path":"/public"');
  await two.waitForOutput('"path":"/public"');
  await vi.waitFor(
    () => expect([one.count('/public'), two.count('/public')]).toEqual([3, 3]),
    WAIT,
  );

  one.process.kill('SIGKILL');
  await one.ended;
  // These requests arrive before a health check has failed.
  expect(await sendRequests(`${url}/login`, 6)).toEqual(Array(6).fill(200));
  await vi.waitFor(() => expect([one.count('/login'), two.count('/login')]).toEqual([0, 6]), WAIT);
});

test('sends no request to an instance that is not ready', async () => {
  const [one, two] = [await startStub(), await startStub()];
  const { program: balancer, url } = await startLoadBalancer([one.port, two.port], onTestFinished);
  one.isReady = false;
  await balancer.waitForOutput('Server minitwit/minitwit-1 is DOWN');
  one.headers.length = 0;
  expect(await sendRequests(url, 4)).toEqual([200, 200, 200, 200]);
  expect(one.headers).toEqual([]);
  one.isReady = true;
  await balancer.waitForOutput('Server minitwit/minitwit-1 is UP');
  await sendRequests(url, 4);
  expect(one.headers).toHaveLength(2);
});

test('sends requests to all instances if none is ready, because their 503 contains the submitted text', async () => {
  const [one, two] = [await startStub(), await startStub()];
  const { program: balancer, url } = await startLoadBalancer([one.port, two.port], onTestFinished);
  one.isReady = false;
  two.isReady = false;
  await balancer.waitForOutput('Server minitwit/minitwit-1 is DOWN');
  await balancer.waitForOutput('Server minitwit/minitwit-2 is DOWN');
  one.headers.length = 0;
  two.headers.length = 0;
  expect(await sendRequests(url, 4)).toEqual([200, 200, 200, 200]);
  expect([one.headers.length, two.headers.length]).toEqual([2, 2]);
});

test('replaces the forwarding headers of clients', async () => {
  const [one, two] = [await startStub(), await startStub()];
  const { url } = await startLoadBalancer([one.port, two.port], onTestFinished);
  one.headers.length = 0;
  await sendRequests(url, 2, {
    'X-Forwarded-For': '192.0.2.1',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'elsewhere.test',
    'X-Request-Id': 'chosen',
    'X-Amzn-Trace-Id': 'Root=chosen',
  });
  expect(one.headers).toHaveLength(1);
  expect(one.headers[0]).toMatchObject({
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
  });
  for (const name of ['x-forwarded-host', 'x-request-id', 'x-amzn-trace-id']) {
    expect(one.headers[0]).not.toHaveProperty(name);
  }
});
