import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Environment } from '../../src/environment.ts';
import { findFreePort } from '../../src/database/private-mariadb.ts';
import { copyProgram, type Program, startProgram } from '../support/programs.ts';
import { until } from '../support/until.ts';

let home: string;

beforeAll(async () => {
  home = await copyProgram('minitwit warehouse ');
});

afterAll(() => rm(home, { recursive: true }));

function warehouse(parameters: string[], settings: Environment = {}): Program {
  // where there may be a program that opens pages
  const PATH = `${home}:${process.env.PATH}`;
  const environment = { PATH, NODE_COMPILE_CACHE: join(home, 'cache'), ...settings };
  return startProgram(join(home, 'src/warehouse/main.ts'), environment, { cwd: home, parameters });
}

async function run(...parameters: string[]): Promise<{ status: number | null; said: string }> {
  const { ended, output } = warehouse(parameters);
  return { status: await ended, said: output.stdout + output.stderr };
}

test('without a MiniTwit to copy, a newcomer is told how to start one', async () => {
  const { status, said } = await run('run', '--local');
  expect(status).toBe(1);
  expect(said).toMatch(/^There is no MiniTwit to copy: start one beside this with `npm run local`/);
  expect((await run('report')).said).toMatch(/^There is no report yet/);
});

test('beside `npm run local`, what people do there is copied, and reported', async () => {
  const port = String(await findFreePort());
  const local = startProgram(join(home, 'src/local.ts'), { PORT: port }, { cwd: home });
  await local.says('MiniTwit is ready');
  const browser = request.agent(`http://localhost:${port}`);
  const form = { username: 'alice', password: 'pw' };
  const registration = { ...form, email: 'a@b', password2: 'pw' };
  await browser.post('/register').type('form').send(registration).expect(302);
  await browser.post('/login').type('form').send(form).expect(302);
  await browser.post('/add_message').type('form').send({ text: 'hello' }).expect(302);

  const first = await run('run', '--local');
  expect(first).toMatchObject({
    status: 0,
    said: expect.stringMatching(/ 3 were sent, 0 deleted/),
  });
  const again = await run('run', '--local');
  expect(again).toMatchObject({
    status: 0,
    said: expect.stringMatching(/ 0 were sent, 0 deleted/),
  });

  const runs = await readdir(join(home, '.data/warehouse/runs'));
  expect(runs).toHaveLength(2);
  await writeFile(join(home, 'xdg-open'), '#!/bin/sh\necho "$1" > opened', { mode: 0o755 });
  const { said } = await run('report', '--open');
  const report = join(home, '.data/warehouse/runs', runs[1] ?? '', 'report.html');
  expect(said.trim()).toBe(pathToFileURL(report).href);
  const opened = () => readFile(join(home, 'opened'), 'utf8').catch(() => '');
  await until(
    'the report is opened',
    async () => (await opened()).trim() === fileURLToPath(said.trim()),
  );
  const totals = await readFile(new URL('totals.csv', said.trim()), 'utf8');
  expect(totals.split('\r\n')[1]).toBe('1,1,0,1,1');

  local.process.kill('SIGTERM');
  expect(await local.ended).toBe(0);
  // its settings go with it
  expect((await run('run', '--local')).said).toMatch(/^There is no MiniTwit to copy/);
});

test('a MiniTwit that was killed has left its settings: that is said at once', async () => {
  const file = join(home, '.data/local.env');
  const settings = { DB_HOST: '127.0.0.1', DB_PORT: String(await findFreePort()) };
  const rest = { DB_USER: 'minitwit', DB_PASSWD: 'p', DB_NAME: 'minitwit' };
  const lines = Object.entries({ ...settings, ...rest }).map(([name, value]) => `${name}=${value}`);
  await writeFile(file, lines.join('\n'));
  onTestFinished(() => rm(file));
  const { status, said } = await run('run', '--local');
  expect(status).toBe(1);
  expect(said).toMatch(/did not serve within 2 s.*\(Is `npm run local` still running\?\)\n$/);
});

// Of a file that can be opened but not read, Node does not say the path; then the folder is named.
test.each([
  ['.data/warehouse/claim.sock', '.data/warehouse/claim.sock'],
  ['.data/warehouse/mariadb/mariadb.log', '.data/warehouse/mariadb/mariadb.log'],
  ['.data/local.env', '.data'],
])('%s that is a folder ends in one line that names %s', async (name, named) => {
  const path = join(home, name);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  onTestFinished(() => rm(path, { recursive: true }));
  const source = { DB_HOST: '127.0.0.1', DB_USER: 'u', DB_PASSWD: 'p', DB_NAME: 'n' };
  const { ended, output } = warehouse(['run', '--local'], source);
  expect(await ended).toBe(1);
  expect(output.stdout + output.stderr).toMatch(/^Cannot read or write .*\n$/);
  expect(output.stderr).toContain(`${join(home, named)}: `);
});

test('a run on AWS says all that it lacks, before anything else', async () => {
  const { status, said } = await run('run');
  expect(status).toBe(1);
  expect(said).toMatch(/^Settings that need attention:\n {2}DB_HOST is not set\n/);
  expect(said).toContain('  WAREHOUSE_IMAGE_ID is not set\n');
});

test.each([
  [['rum'], /unknown command 'rum'\n\(Did you mean run\?\)/],
  [
    ['run', '--local', '--keep'],
    /option '--local' cannot be used with option '--keep'|'--keep' cannot be used with option '--local'/,
  ],
  [['run', '--max-rows-per-second', '99'], /It must be 100 or more/],
  [['snapshots', 'prune', '--keep', '0'], /It must be 1 or more/],
  [['snapshots', 'prune'], /required option '--keep <n>' not specified/],
])('%j is no command', async (parameters, message) => {
  const { status, said } = await run(...parameters);
  expect(status).toBe(1);
  expect(said).toMatch(message);
});
