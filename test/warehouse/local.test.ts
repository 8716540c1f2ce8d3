import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import request from 'supertest';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Environment } from '../../src/config/environment.ts';
import { readManifests } from '../../src/warehouse/parquet/folder.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { toSettings } from '../../src/dev/local-files.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { copyProgram } from '../support/copy-program.ts';
import { type Program, startProgram } from '../support/programs.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import { waitFor } from '../support/wait-for.ts';

const { config } = useDatabase();
let home: string;

const defer = useCleanup();
beforeAll(async () => {
  home = await copyProgram(defer, 'minitwit warehouse ');
});

function warehouse(parameters: string[], settings: Environment = {}): Program {
  return startProgram(join(home, 'src/warehouse.ts'), settings, { cwd: home, parameters });
}

async function run(...parameters: string[]): Promise<{ status: number | null; printed: string }> {
  return runWith({}, ...parameters);
}

async function runWith(settings: Environment, ...parameters: string[]) {
  const { ended, output } = warehouse(parameters, settings);
  return { status: await ended, printed: output.stdout + output.stderr };
}

test('a run on AWS fails with all missing settings at its start', async () => {
  const { status, printed } = await run('run');
  expect(status).toBe(1);
  expect(printed).toMatch(/^Settings are missing or invalid:\n {2}DB_HOST is not set\.\n/);
  expect(printed).toContain('  WAREHOUSE_IMAGE_ID is not set.\n');
});

/** Registers alice, and posts a message as alice. */
async function fillMinitwit(port: string): Promise<void> {
  const browser = request.agent(`http://localhost:${port}`);
  const form = { username: 'alice', password: 'pw' };
  const registration = { ...form, email: 'a@b', password2: 'pw' };
  await browser.post('/register').type('form').send(registration).expect(302);
  await browser.post('/login').type('form').send(form).expect(302);
  await browser.post('/add_message').type('form').send({ text: 'hello' }).expect(302);
}

test('`run --local` copies the database of `npm run local`, and writes a report', async () => {
  const port = String(await findFreePort());
  const local = startProgram(join(home, 'src/local.ts'), { PORT: port }, { cwd: home });
  await local.waitForOutput('MiniTwit is ready');
  await fillMinitwit(port);

  const stopped = warehouse(['run', '--local']);
  const claim = join(home, '.data/warehouse/claim.sock');
  await waitFor('the run has begun', () => existsSync(claim));
  stopped.process.kill('SIGINT');
  expect(await stopped.ended).toBe(1);
  expect(stopped.output.stderr).toBe('Stopped by SIGINT.\n');

  const first = await run('run', '--local');
  expect(first).toMatchObject({
    status: 0,
    printed: expect.stringMatching(/ 2 were sent, 0 deleted/),
  });
  const { smtp, received, close } = await startSmtpServer();
  onTestFinished(close);
  const MAIL_URL = `smtp://127.0.0.1:${smtp.port}`;
  const settings = { MAIL_URL, MAIL_FROM: 'noreply@example.com' };
  const again = await runWith(settings, 'run', '--local', '--mail', 'boss@example.com');
  expect(again).toMatchObject({
    status: 0,
    printed: expect.stringMatching(
      / 0 were sent, 0 deleted[^]*Wrote 0 of 2 Parquet files[^]*\nMailed the report to boss@example\.com\.\n$/,
    ),
  });
  expect(received.map(({ recipients }) => recipients)).toEqual([['boss@example.com']]);

  const query = await run('sql', '--json', 'select username, text from user, message');
  const rows = '[\n{"username": "alice", "text": "hello"}\n]\n';
  expect(query).toEqual({ status: 0, printed: rows });
  const files = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
  expect(await runWith({ AWS_REGION: '', ...files }, 'status')).toMatchObject({
    status: 0,
    printed: expect.stringMatching(
      /^The last run on this machine: \S+, as of .* 1 in user, 1 in message/,
    ),
  });

  const [report = '', ...others] = await readdir(join(home, '.data/warehouse/runs'));
  expect(others).toHaveLength(1);
  const totals = await readFile(join(home, '.data/warehouse/runs', report, 'totals.csv'), 'utf8');
  expect(totals.split('\r\n')[1]).toBe('1,1,0,1,1');

  const [manifest, ...repeated] = await readManifests(join(home, '.data/warehouse/parquet'));
  expect(repeated).toHaveLength(1);
  expect(manifest).toMatchObject({ tables: { message: { rows: 1 } }, figures: { people: 1 } });

  local.process.kill('SIGTERM');
  expect(await local.ended).toBe(0);
  // `npm run local` removes its settings file.
  expect(existsSync(join(home, '.data/local.env'))).toBe(false);
});

test('one line names the log when it is a folder', async () => {
  const path = join(home, '.data/warehouse/mariadb/mariadb.log');
  await rm(path, { force: true });
  await mkdir(path, { recursive: true });
  onTestFinished(() => rm(path, { recursive: true }));
  const { ended, output } = warehouse(['run', '--local'], toSettings(config));
  expect(await ended).toBe(1);
  expect(output.stderr).toMatch(/^Cannot read or write .*\n$/);
  expect(output.stderr).toContain(`${path}: `);
});
