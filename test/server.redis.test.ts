import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Environment } from '../src/config/environment.ts';
import { createAuthority, createCertificate } from './support/certificates.ts';
import { useCleanup } from './support/cleanup.ts';
import { useDatabase } from './support/database.ts';
import { createUser, createVisitor } from './support/minitwit.ts';
import { databaseSettings, startProgram } from './support/programs.ts';
import { startRedis } from './support/redis.ts';
import { waitFor } from './support/wait-for.ts';

const { config, database } = useDatabase();
const redis = await startRedis(useCleanup(), ['--requirepass', 'a-redis-secret']);
const settings: Environment = {
  ...databaseSettings(config),
  SESSION_SECRET: 'a secret of the tests with 32 characters or more',
  HOST: '127.0.0.1',
  PORT: '0',
  LIMIT_POSTS_PER_USER: '2',
  LIMITS_STORE: `redis://:a-redis-secret@127.0.0.1:${redis.config.port}/3`,
};

async function startServer(more: Environment = {}) {
  const program = startProgram('src/server.ts', { ...settings, ...more });
  onTestFinished(() => void program.process.kill('SIGKILL'));
  await program.waitForOutput('MiniTwit is listening');
  const port = /"port":(\d+)/.exec(program.output.stdout)?.[1];
  return { program, url: `http://127.0.0.1:${port}` };
}

const listCounters = () => database.select('select `key` from rate_limit');

test('all instances count logins and posts in Redis, and none in the database', async () => {
  const { program, url } = await startServer();
  const other = await startServer({ WEB_CONCURRENCY: '2' });
  const alice = await createUser(url, 'alice');
  expect((await alice.addMessage('the first')).text).toContain('the first');
  const elsewhere = createVisitor(other.url);
  expect((await elsewhere.login('alice', 'a wrong one')).text).toContain('Invalid password');
  await elsewhere.login('alice', 'a password');
  expect((await elsewhere.addMessage('the second')).text).toContain('the second');
  const third = await alice.addMessage('the third');
  expect(third.status).toBe(429);
  expect(third.text).toContain('You have posted a lot');
  expect(await listCounters()).toEqual([]);
  for (const { process, ended, output } of [program, other.program]) {
    process.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(output.stdout + output.stderr).not.toContain('a-redis-secret');
    expect(output.stderr).toBe('');
  }
});

test('serves pages and is ready while Redis is down, but accepts no post and no login', async () => {
  const { program, url } = await startServer();
  const bob = await createUser(url, 'bob');
  await redis.signal('SIGKILL');
  await program.waitForOutput('The store of the rate limits is not connected');
  const late = await startServer();

  for (const origin of [url, late.url]) {
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    expect((await fetch(`${origin}/public`)).status).toBe(200);
  }
  const post = await bob.addMessage('what I wrote');
  expect(post.status).toBe(503);
  expect(post.text).toMatch(/what I wrote<\/textarea>/);
  const login = await createVisitor(late.url).login('bob', 'a password');
  expect(login.status).toBe(503);
  expect((await bob.get('/bob')).text).not.toContain('what I wrote');
  expect(await listCounters()).toEqual([]);

  await redis.restart();
  await waitFor('posts are accepted', async () => (await bob.addMessage('again')).status === 200);
  for (const { process, ended, output } of [program, late.program]) {
    process.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(output.stdout).toContain('A rate limit could not be counted.');
    expect(output.stdout + output.stderr).not.toContain('a-redis-secret');
  }
});

test('verifies the certificate and the host name of a Redis server with TLS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-redis-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = await createAuthority(folder, 'authority');
  const { key, certificate } = await createCertificate(folder, authority, 'localhost');
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key];
  const options = ['--tls-auth-clients', 'no', '--tls-ca-cert-file', authority.certificate];
  const server = await startRedis(onTestFinished, [...options, ...files], { isTls: true });
  const register = async (host: string, more: Environment = {}) => {
    const { program, url } = await startServer({
      LIMITS_STORE: `rediss://${host}:${server.config.port}`,
      ...more,
    });
    const { status } = await createVisitor(url).register('carol', 'a password');
    program.process.kill('SIGTERM');
    await program.ended;
    return { status, log: program.output.stdout };
  };
  const trusted = { NODE_EXTRA_CA_CERTS: authority.certificate };
  const otherName = await register('127.0.0.1', trusted);
  expect(otherName.status).toBe(503);
  expect(otherName.log).toContain('does not match certificate');
  const untrusted = await register('localhost');
  expect(untrusted.status).toBe(503);
  expect(untrusted.log).toMatch(/no connection: [^"]*certificate/);
  expect((await register('localhost', trusted)).status).toBe(200);
});
