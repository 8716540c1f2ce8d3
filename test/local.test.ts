import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import request from 'supertest';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withConnection } from '../src/database/with-connection.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { expectCleanStop, useCheckout } from './support/checkout.ts';
import { createVisitor } from './support/minitwit.ts';
import { copyProgram } from './support/copy-program.ts';
import { startProgram } from './support/programs.ts';
import { HANG_MS } from './support/timeouts.ts';
import { waitFor } from './support/wait-for.ts';

const checkout = useCheckout();
const { start, startAndWait } = checkout;

const minitwit = () => request(checkout.url);

function register(username: string) {
  return minitwit()
    .post('/register')
    .type('form')
    .send({ username, email: 'a@b', password: 'pw', password2: 'pw' });
}

/** Reads the port of the private MariaDB from its log. */
async function readDatabasePort(): Promise<number> {
  const log = await readFile(join(checkout.home, '.data/mariadb/mariadb.log'), 'utf8');
  return Number(Array.from(log.matchAll(/port: (\d+)/g)).at(-1)?.[1]);
}

async function readDatabasePid(): Promise<number> {
  return Number(await readFile(join(checkout.home, '.data/mariadb/data/mariadb.pid'), 'utf8'));
}

test('--demo fills an empty database, and refuses one with users', async () => {
  const first = await startAndWait('--demo');
  expect(first.output.stdout).toMatch(/^Added the demo data: .* Sign in as alice .*\n/);
  const { text } = await createVisitor(checkout.url).login('alice', 'demo');
  expect(text).toContain('sign out [alice]');
  expect(first.output.stderr).toBe('');
  await expectCleanStop(first);

  const second = start('--demo');
  expect(await second.ended).toBe(1);
  expect(second.output).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^The database has \d+ users, but the demo data needs an .*\n$/),
  });
});

test('--demo warns when other devices can sign in as its users', async () => {
  const home = await copyProgram(onTestFinished, 'minitwit local ');
  const settings = { PORT: checkout.port, HOST: '127.0.0.2' };
  const options = { cwd: home, parameters: ['--demo'] };
  const local = startProgram(join(home, 'src/local.ts'), settings, options);
  await local.waitForOutput('is ready');
  expect(local.output.stderr).toMatch(/^Warning: HOST is 127\.0\.0\.2, so every device .*\n$/);
  await expectCleanStop(local);
});

test('users survive a restart and a SIGKILL', async () => {
  const first = await startAndWait();
  expect((await register('ada')).headers.location).toBe('/login');
  await expectCleanStop(first);

  const second = await startAndWait();
  expect((await minitwit().get('/ada')).status).toBe(200);
  expect((await register('ben')).headers.location).toBe('/login');
  second.process.kill('SIGKILL');
  await second.ended;

  const third = await startAndWait();
  expect((await minitwit().get('/ada')).status).toBe(200);
  expect((await minitwit().get('/ben')).status).toBe(200);
  await expectCleanStop(third, 'SIGINT');
});

test('mails are on the page /outbox, the newest first, and their links work', async () => {
  const local = await startAndWait();
  const { get, post } = createVisitor(checkout.url);
  await register('olga');
  expect((await get('/outbox')).text).toContain('There are no mails yet.');
  await post('/forgot_password', { email: 'a@b' });
  let page = '';
  const readOutbox = async (text: string) => {
    page = (await get('/outbox')).text;
    return page.includes(text);
  };
  await waitFor('the mail', () => readOutbox('Hello olga,'));
  const [, path = ''] =
    /<a href="http:\/\/localhost:\d+(\/reset_password\/[\w-]{43})">/.exec(page) ?? [];
  const { text } = await post(path, { password: 'another one', password2: 'another one' });
  expect(text).toContain('Your password was changed');
  await waitFor('the notice', () => readOutbox('Your password was reset'));
  expect(page.indexOf('Your password was reset')).toBeLessThan(page.indexOf('Hello olga,\n\nOpen'));
  await expectCleanStop(local);
});

test('PORT, HOST and COOKIE_PREFIX in .env are used', async () => {
  const file = join(checkout.home, '.env');
  const port = await findFreePort();
  await writeFile(file, `PORT=${port}\nHOST=127.0.0.2\nCOOKIE_PREFIX=mine_\n`);
  onTestFinished(() => rm(file));
  const local = startProgram(join(checkout.home, 'src/local.ts'), {}, { cwd: checkout.home });
  await local.waitForOutput(`MiniTwit is ready: http://localhost:${port}`);
  const logout = await fetch(`http://127.0.0.2:${port}/logout`, {
    method: 'POST',
    redirect: 'manual',
  });
  expect(logout.headers.getSetCookie().join()).toContain('mine_session=');
  await expectCleanStop(local);
});

/** Returns a function that requests pages as one browser does: cookies ignore ports. */
function createBrowser() {
  const cookies = new Map<string, string>();
  return async (url: string, form?: Record<string, string>): Promise<string> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response.text();
  };
}

test('two checkouts on one host do not log out each other’s users', async () => {
  const here = await startAndWait();
  const home = await copyProgram(onTestFinished, 'minitwit local ');
  const otherPort = String(await findFreePort());
  const other = startProgram(join(home, 'src/local.ts'), { PORT: otherPort }, { cwd: home });
  await other.waitForOutput('is ready');
  const otherUrl = `http://localhost:${otherPort}`;

  const browse = createBrowser();
  for (const url of [checkout.url, otherUrl]) {
    const registration = { username: 'carol', email: 'a@b', password: 'pw', password2: 'pw' };
    await browse(`${url}/register`, registration);
    await browse(`${url}/login`, { username: 'carol', password: 'pw' });
  }
  for (const url of [checkout.url, otherUrl]) {
    const page = await browse(`${url}/`);
    expect(page).toContain('sign out [carol]');
    expect(page).toContain('You were logged in');
  }
  await expectCleanStop(other);
  await expectCleanStop(here);
});

test('a second process in the same checkout ends with the URL of the first one', async () => {
  const first = await startAndWait();
  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.output.stderr).toBe(
    `MiniTwit is already running in this folder (${checkout.url}). Stop it, or wait until it has ended.\n`,
  );
  expect((await minitwit().get('/public')).status).toBe(200);
  await expectCleanStop(first);
});

test('a suspended process counts as running', async () => {
  const first = await startAndWait();
  first.process.kill('SIGSTOP');
  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.output.stderr).toBe(
    'MiniTwit is already running in this folder (not responding). Stop it, or wait until it has ended.\n',
  );
  first.process.kill('SIGCONT');
  await expectCleanStop(first);
});

test('the database ends, too, if Ctrl-C reaches the whole process group', async () => {
  const local = await startAndWait();
  const pid = await readDatabasePid();
  process.kill(-(local.process.pid ?? 0), 'SIGINT');
  expect(await local.ended).toBe(0);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('ends if only npm gets a SIGTERM', async () => {
  const npm = spawn('npm', ['run', '--ignore-scripts', 'local'], {
    cwd: checkout.home,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: checkout.port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const text of npm.stdout.setEncoding('utf8')) {
    output += text;
    if (output.includes('is ready')) npm.kill('SIGTERM');
  }
  expect(output).toContain('shutting down');
  await expect(minitwit().get('/public')).rejects.toThrow(/ECONNREFUSED/);
});

test('a stop while the database creates its files ends the start, and the next start succeeds', async () => {
  const home = await copyProgram(onTestFinished, 'minitwit local ');
  const settings = { PORT: checkout.port };
  const first = startProgram(join(home, 'src/local.ts'), settings, { cwd: home });
  const unfinished = join(home, '.data/mariadb/data.new/mysql');
  await waitFor('the database creates its files', () => existsSync(unfinished));
  await expectCleanStop(first, 'SIGINT');
  expect(first.output).toEqual({ stdout: '', stderr: '' });
  expect(existsSync(join(home, '.data/mariadb/data'))).toBe(false);
  const second = startProgram(join(home, 'src/local.ts'), settings, { cwd: home });
  await second.waitForOutput('is ready');
  await expectCleanStop(second);
});

test('a stop while the database starts leaves no database process', async () => {
  const local = start();
  const pid = await vi.waitFor(readDatabasePid, { timeout: HANG_MS });
  local.process.kill('SIGTERM');
  expect(await local.ended).toBe(0);
  expect(local.output.stdout).not.toContain('ready');
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('ends with status 1 if the database ends unexpectedly', async () => {
  const local = await startAndWait();
  process.kill(await readDatabasePid(), 'SIGKILL');
  expect(await local.ended).toBe(1);
  expect(local.output.stderr).toMatch(
    /^The database has ended unexpectedly\. .*mariadb\.log ends with:\n/,
  );
});

test('other users cannot read the data, and root cannot log in to the database over the network', async () => {
  const local = await startAndWait();
  for (const file of ['.data', '.data/session-secret', '.data/mariadb', '.data/mariadb/init.sql']) {
    expect((await stat(join(checkout.home, file))).mode & 0o077).toBe(0);
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
  await expectCleanStop(local);
});

test('ends with one line if its port is in use', async () => {
  const taker = createServer().listen(Number(checkout.port), '127.0.0.1');
  await once(taker, 'listening');
  const local = start();
  expect(await local.ended).toBe(1);
  expect(local.output.stderr).toMatch(
    /^Cannot listen on port \d+ of 127\.0\.0\.1: another program uses the port/,
  );
  taker.close();
});

test.each([
  ['--dmo', "Unknown option '--dmo'"],
  ['demo', "Unexpected argument 'demo'"],
  ['--demo=yes', "Option '--demo' does not take an argument"],
])('%s prints the problem and the usage', async (word, problem) => {
  const local = start(word);
  expect(await local.ended).toBe(1);
  expect(local.output).toEqual({
    stdout: '',
    stderr: `${problem}. Usage: npm run local [-- --demo]   or: npm run dev [-- --demo]\n`,
  });
});
