import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withConnection } from '../src/database/connection.ts';
import { findFreePort } from '../src/database/private-mariadb.ts';
import { type Program, startProgram } from './support/programs.ts';

// A copy of what was built, since `npm run local` keeps its data beside it.
let home: string;
let port: string;

beforeAll(async () => {
  // longer than the path of a socket may be
  home = join(await mkdtemp(join(tmpdir(), 'minitwit-local-')), 'x'.repeat(100));
  for (const each of ['dist', 'views', 'static', 'schema.sql', 'package.json']) {
    await cp(each, join(home, each), { recursive: true });
  }
  await symlink(resolve('node_modules'), join(home, 'node_modules'));
  port = String(await findFreePort());
});

afterAll(() => rm(join(home, '..'), { recursive: true }));

function startLocal(): Program {
  return startProgram(
    join(home, 'dist/local.js'),
    { PORT: port, DB_HOST: 'ignored' },
    { cwd: home },
  );
}

async function startAndWait(): Promise<Program> {
  const local = startLocal();
  await local.says(`MiniTwit is ready: http://localhost:${port}`);
  return local;
}

async function stop(local: Program, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  local.process.kill(signal);
  expect(await local.ended).toBe(0);
}

const minitwit = () => request(`http://localhost:${port}`);

function register(username: string) {
  return minitwit()
    .post('/register')
    .type('form')
    .send({ username, email: 'a@b', password: 'pw', password2: 'pw' });
}

/** The port of the private MariaDB, from its own log. */
async function readDatabasePort(): Promise<number> {
  const log = await readFile(join(home, '.data/mariadb/mariadb.log'), 'utf8');
  return Number(Array.from(log.matchAll(/port: (\d+)/g)).at(-1)?.[1]);
}

async function readDatabasePid(): Promise<number> {
  return Number(await readFile(join(home, '.data/mariadb/data/mariadb.pid'), 'utf8'));
}

test('what people wrote outlives a restart, and an end by force', async () => {
  const first = await startAndWait();
  expect((await register('alice')).headers.location).toBe('/login');
  await stop(first);

  const second = await startAndWait();
  expect((await minitwit().get('/alice')).status).toBe(200);
  expect((await register('bob')).headers.location).toBe('/login');
  second.process.kill('SIGKILL');
  await second.ended;

  const third = await startAndWait();
  expect((await minitwit().get('/alice')).status).toBe(200);
  expect((await minitwit().get('/bob')).status).toBe(200);
  await stop(third, 'SIGINT');
});

test('a second one beside it says that one is running, and where', async () => {
  const first = await startAndWait();
  const second = startLocal();
  expect(await second.ended).toBe(1);
  expect(second.output.stderr).toBe(`MiniTwit is already running here: http://localhost:${port}\n`);
  expect((await minitwit().get('/public')).status).toBe(200);
  await stop(first);
});

test('one that is suspended still counts as running', async () => {
  const first = await startAndWait();
  first.process.kill('SIGSTOP');
  const second = startLocal();
  expect(await second.ended).toBe(1);
  expect(second.output.stderr).toBe('MiniTwit is already running here: it does not answer\n');
  first.process.kill('SIGCONT');
  await stop(first);
});

test('it takes its database with it, also when the whole group is interrupted', async () => {
  const local = await startAndWait();
  const pid = await readDatabasePid();
  process.kill(-(local.process.pid ?? 0), 'SIGINT');
  expect(await local.ended).toBe(0);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('it ends with npm, which a supervisor ends alone', async () => {
  const npm = spawn('npm', ['run', '--ignore-scripts', 'local'], {
    cwd: home,
    env: { PATH: process.env.PATH, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const text of npm.stdout.setEncoding('utf8')) {
    said += text;
    if (said.includes('is ready')) npm.kill('SIGTERM');
  }
  expect(said).toContain('shutting down');
  await expect(minitwit().get('/public')).rejects.toThrow(/ECONNREFUSED/);
});

test('a stop while it starts leaves no database behind either', async () => {
  const local = startLocal();
  const pid = await vi.waitFor(readDatabasePid, { timeout: 10_000 });
  local.process.kill('SIGTERM');
  expect(await local.ended).toBe(0);
  expect(local.output.stdout).not.toContain('ready');
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('a database that ends by itself is said, not served without', async () => {
  const local = await startAndWait();
  process.kill(await readDatabasePid(), 'SIGKILL');
  expect(await local.ended).toBe(1);
  expect(local.output.stderr).toMatch(/^The database ended by itself: see .*mariadb\.log\n$/);
});

test('its data are for nobody else, and its database has no root for the network', async () => {
  const local = await startAndWait();
  for (const file of ['.data', '.data/session-secret', '.data/mariadb', '.data/mariadb/init.sql']) {
    expect((await stat(join(home, file))).mode & 0o077).toBe(0);
  }
  const root = {
    host: '127.0.0.1',
    port: await readDatabasePort(),
    user: 'root',
    password: '',
    name: 'mysql',
    sslCa: null,
    poolSize: 1,
  };
  await expect(withConnection(root, { waitMaxMs: 0 }, async () => undefined)).rejects.toThrow(
    /refused the user "root"/,
  );
  await stop(local);
});

test('a port that is taken ends it, in one line', async () => {
  const first = await startAndWait();
  const taken = port;
  const otherHome = `${home}2`;
  await cp(home, otherHome, { recursive: true, filter: (file) => !file.includes('.data') });
  const second = startProgram(
    join(otherHome, 'dist/local.js'),
    { PORT: taken },
    { cwd: otherHome },
  );
  expect(await second.ended).toBe(1);
  expect(second.output.stderr).toMatch(
    /^Cannot listen on port \d+ of 127\.0\.0\.1: something else uses it/,
  );
  await stop(first);
});
