import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { LimitsStoreConfig } from '../../src/config/limits-store-settings.ts';
import type { RateLimitCounters } from '../../src/limits/counters.ts';
import { openRedisCounters } from '../../src/limits/redis-counters.ts';
import { captureLog } from '../support/capture-log.ts';
import { useCleanup } from '../support/cleanup.ts';
import { waitForConnection } from '../support/limits-store.ts';
import { startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const defer = useCleanup();
const server = await startRedis(defer);
const primary = await startRedis(defer);
const replica = await startRedis(defer, ['--replicaof', '127.0.0.1', String(primary.config.port)]);
const proxy = await startTcpProxy(replica.config);

/** Opens counters, and closes them at the end of the test. */
function open(config: LimitsStoreConfig, site = 'twits') {
  const { logger, lines } = captureLog();
  const counters = openRedisCounters(config, site, logger);
  onTestFinished(() => counters.close());
  return { counters, lines };
}

async function openConnected(config: LimitsStoreConfig, site?: string) {
  const opened = open(config, site);
  await waitForConnection(opened.counters);
  return opened;
}

function connect({ port, auth }: LimitsStoreConfig): Redis {
  const client = new Redis(port, '127.0.0.1', auth ? { password: auth.password } : {});
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

/** Counts an event of a key that may happen `points` times in an hour. Returns whether it is allowed. */
async function isAllowed(counters: RateLimitCounters, key: string, points = 1_000_000) {
  return (await counters.count([{ key, points, windowMs: 3_600_000 }])).refusal === null;
}

/** Returns the message of the error if an event cannot be counted, or an empty string. */
function findError(counters: RateLimitCounters): Promise<string> {
  return isAllowed(counters, 'any').then(
    () => '',
    (error: unknown) => (error as Error).message,
  );
}

test('the keys have a prefix with the name of the site, and expire at the end of the window', async () => {
  const { counters } = await openConnected(server.config, 'here');
  const { counters: others } = await openConnected(server.config, 'there');
  expect(await isAllowed(counters, 'post:7', 1)).toBe(true);
  expect(await isAllowed(others, 'post:7', 1)).toBe(true);
  const client = connect(server.config);
  expect((await client.keys('*:post:7')).toSorted()).toEqual([
    'minitwit:{here}:post:7',
    'minitwit:{there}:post:7',
  ]);
  const expiresMs = await client.pttl('minitwit:{here}:post:7');
  expect(expiresMs).toBeGreaterThan(3_500_000);
  expect(expiresMs).toBeLessThanOrEqual(3_600_000);
  expect(await isAllowed(counters, 'post:7', 1)).toBe(false);
});

test('a refund after the window creates no counter', async () => {
  const { counters } = await openConnected(server.config);
  const { refund } = await counters.count([{ key: 'gone', points: 1, windowMs: 1 }]);
  const client = connect(server.config);
  await waitFor(
    'the window has ended',
    async () => (await client.exists('minitwit:{twits}:gone')) === 0,
  );
  await refund();
  expect(await client.exists('minitwit:{twits}:gone')).toBe(0);
});

test('a script that fails has counted nothing', async () => {
  const { counters } = await openConnected(server.config);
  const client = connect(server.config);
  await client.lpush('minitwit:{twits}:list', 'x');
  await client.expire('minitwit:{twits}:list', 1000);
  const both = ['fine', 'list'].map((key) => ({ key, points: 5, windowMs: 1000 }));
  await expect(counters.count(both)).rejects.toThrow('WRONGTYPE');
  expect(await client.exists('minitwit:{twits}:fine')).toBe(0);
});

test('an idle connection stays open', async () => {
  const { counters } = await openConnected(server.config);
  const client = connect(server.config);
  const listClients = async () =>
    String(await client.call('client', 'list'))
      .split('\n')
      .filter((line) => line.includes(' name=minitwit '));
  const ids = (lines: string[]) => lines.map((line) => /^id=(\d+)/.exec(line)?.[1]);
  const before = await listClients();
  await waitFor('the connection has been idle for 3 s', async () =>
    (await listClients()).every((line) => Number(/ idle=(\d+)/.exec(line)?.[1]) >= 3),
  );
  expect(ids(await listClients())).toEqual(ids(before));
  expect(await findError(counters)).toBe('');
});

test('fails at once while the server is down, also from the start, and counts after it has started', async () => {
  const { counters, lines } = await openConnected(server.config);
  await server.signal('SIGKILL');
  await waitFor('the connection is lost', async () => (await findError(counters)) !== '');
  const late = open(server.config);
  await waitFor('the log says why', () => lines.length > 0 && late.lines.length > 0);
  for (const each of [counters, late.counters]) {
    expect(await findError(each)).toMatch(/there is no connection: .*(ECONNREFUSED|closed)/);
  }
  await server.restart();
  for (const each of [counters, late.counters]) await waitForConnection(each);
  expect(await findError(counters)).toBe('');
  // Each outage is logged once, however many attempts to connect it has.
  for (const each of [lines, late.lines]) {
    expect(each.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'The store of the rate limits is not connected.',
      'The store of the rate limits is connected again.',
    ]);
  }
});

test('fails while the server does not answer, with a limit on waiting events', async () => {
  const { counters } = await openConnected(server.config);
  await server.signal('SIGSTOP');
  onTestFinished(() => server.signal('SIGCONT'));
  const errors = await Promise.all(Array.from({ length: 1500 }, () => findError(counters)));
  const tooMany = errors.filter((error) => error.includes('too many requests wait'));
  expect(tooMany.length).toBe(500);
  for (const error of errors.filter((each) => !tooMany.includes(each))) {
    expect(error).toMatch(/Command timed out|Socket timeout/);
  }
  // The connection has been given up, so events no longer wait.
  await waitFor('events fail at once', async () =>
    (await findError(counters)).includes('there is no connection'),
  );
  await server.signal('SIGCONT');
  await waitForConnection(counters);
  expect(await findError(counters)).toBe('');
});

test('leaves a server that has become read-only, and refunds an event that its successor knows', async () => {
  const { counters: before } = await openConnected(primary.config);
  const { refund } = await before.count([{ key: 'moved', points: 1, windowMs: 3_600_000 }]);
  const old = connect(primary.config);
  const client = connect(replica.config);
  await waitFor(
    'the event is replicated',
    async () => (await client.exists('minitwit:{twits}:moved')) === 1,
  );

  // The name leads to the replica at first, and then to the primary. No connection is closed by a server.
  const { counters } = open(proxy.config);
  await waitFor('the server refuses writes', async () =>
    (await findError(counters)).includes('READONLY'),
  );
  proxy.redirectTo(primary.config);
  await waitForConnection(counters);
  await waitFor('events are counted', async () => (await findError(counters)) === '');

  // The replica becomes the primary, and the primary its replica.
  await client.call('replicaof', 'no', 'one');
  await old.call('replicaof', '127.0.0.1', String(replica.config.port));
  proxy.redirectTo(replica.config);
  await waitFor('events are counted', async () => (await findError(counters)) === '');
  expect(await isAllowed(counters, 'moved', 1)).toBe(false);
  await expect(refund()).rejects.toThrow('READONLY');
});

test('logs in, and puts no password into the log or an error', async () => {
  const protectedServer = await startRedis(onTestFinished, ['--requirepass', 'right-secret']);
  const admin = connect({
    ...protectedServer.config,
    auth: { user: null, password: 'right-secret' },
  });
  // docs/operation.md lists these commands.
  const commands = 'evalsha eval get set incr decr pttl pexpiretime info hello select client'.split(
    ' ',
  );
  const rights = ['~minitwit:*', ...commands.map((command) => `+${command}`)];
  await admin.call('acl', 'setuser', 'twit', 'on', '>user-secret', ...rights);
  for (const auth of [
    { user: null, password: 'right-secret' },
    { user: 'twit', password: 'user-secret' },
  ]) {
    const { counters } = await openConnected({ ...protectedServer.config, auth });
    const { refund } = await counters.count([{ key: 'any', points: 1, windowMs: 1000 }]);
    await refund();
  }
  for (const auth of [null, { user: 'twit', password: 'wrong-secret' }]) {
    const { counters, lines } = open({ ...protectedServer.config, auth });
    await waitFor('the refusal is logged', () => lines.length > 0);
    expect(await findError(counters)).toMatch(/NOAUTH|WRONGPASS/);
    expect(lines.join('')).toMatch(/NOAUTH|WRONGPASS/);
    expect(lines.join('') + (await findError(counters))).not.toContain('secret');
  }
});

test('counts nothing if the server does not have the database', async () => {
  const { counters, lines } = open({ ...server.config, database: 99 });
  await waitFor('the refusal is logged', () => lines.length > 0);
  expect(await findError(counters)).toContain('DB index is out of range');
  const { counters: second } = await openConnected({ ...server.config, database: 1 });
  expect(await isAllowed(second, 'second', 1)).toBe(true);
  const client = connect(server.config);
  expect(await client.exists('minitwit:{twits}:second')).toBe(0);
});

test('counts on a cluster of one shard, in which all keys of a site have one slot', async () => {
  const shard = await startRedis(onTestFinished, ['--cluster-enabled', 'yes']);
  const admin = connect(shard.config);
  await admin.call('cluster', 'addslotsrange', '0', '16383');
  await waitFor('the cluster is complete', async () =>
    String(await admin.call('cluster', 'info')).includes('cluster_state:ok'),
  );
  const { counters } = await openConnected(shard.config);
  const event = ['a', 'b'].map((key) => ({ key, points: 1, windowMs: 3_600_000 }));
  const { refusal, refund } = await counters.count(event);
  expect(refusal).toBeNull();
  await refund();
  expect((await counters.count(event)).refusal).toBeNull();
  expect((await counters.count(event)).refusal?.counter).toBe(event[0]);
});
