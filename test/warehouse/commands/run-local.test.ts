import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { findFreePort } from '../../../src/dev/free-port.ts';
import { withDataFiles } from '../../../src/dev/data-files.ts';
import { toSettings, writeDatabaseSettings } from '../../../src/dev/local-files.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import type { CopyJob } from '../../../src/warehouse/context.ts';
import { runLocal } from '../../../src/warehouse/commands/run-local.ts';
import { findLocalSource } from '../../../src/warehouse/local/local-source.ts';
import { useDatabase } from '../../support/database.ts';

const { config } = useDatabase();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-local-source-'));
  return () => rm(folder, { recursive: true });
});

/** Writes the settings of a database as `npm run local` does, and returns the path of the file. */
async function writeSettings(database: DatabaseConfig): Promise<string> {
  const path = join(folder, 'local.env');
  await writeDatabaseSettings(path, database);
  return path;
}

test('findLocalSource fails with the command that starts a MiniTwit, when there is none', async () => {
  await expect(findLocalSource(join(folder, 'local.env'), {})).rejects.toThrow(
    /^There is no MiniTwit to copy\. Start one with `npm run local`/,
  );
});

test('the source is the database that DB_HOST names, even while `npm run local` runs', async () => {
  const environment = toSettings({ ...config, name: 'other' });
  const missing = join(folder, 'local.env');
  expect(await findLocalSource(missing, environment)).toMatchObject({
    source: { name: 'other' },
    reason: 'The source is the database that DB_HOST names.',
  });
  expect(await findLocalSource(await writeSettings(config), environment)).toMatchObject({
    source: { name: 'other' },
    reason: expect.stringMatching(/ To copy that of `npm run local`, unset DB_HOST\.$/),
  });
});

test('without DB_HOST, the source is the database of `npm run local`', async () => {
  expect(await findLocalSource(await writeSettings(config), {})).toMatchObject({
    source: { name: config.name },
    reason: 'The source is the database of `npm run local`, since DB_HOST is not set.',
  });
});

test('the message asks whether `npm run local` still runs, when its database does not respond', async () => {
  const file = await writeSettings({ ...config, port: await findFreePort() });
  // Each reading of the clock exceeds the time limit.
  let nowMs = Date.now();
  const now = vi.spyOn(Date, 'now').mockImplementation(() => (nowMs += 3000));
  const finding = findLocalSource(file, {}).finally(() => now.mockRestore());
  await expect(finding).rejects.toThrow(
    /did not respond within 2 s.*\(Is `npm run local` still running\?\)$/,
  );
});

// For a file that can be opened but not read, Node's error has no path. Then the message names the folder.
test.each([
  ['warehouse/claim.sock', 'warehouse/claim.sock', runWithoutWork],
  ['local.env', '', () => findLocalSource(join(folder, 'local.env'), {})],
])('one line names %s when it is a folder', async (name, named, act) => {
  await mkdir(join(folder, name), { recursive: true });
  const acting = withDataFiles<unknown>(folder, act);
  await expect(acting).rejects.toThrow(`Cannot read or write ${join(folder, named)}: `);
});

function runWithoutWork(): Promise<void> {
  return runCopy(() => Promise.reject(new Error('The copy has started.')));
}

function runCopy(copy: CopyJob): Promise<void> {
  const { signal } = new AbortController();
  return runLocal({ folder: join(folder, 'warehouse'), source: config, copy, signal });
}

async function killMariadb(): Promise<void> {
  const pid = await readFile(join(folder, 'warehouse/mariadb/data/mariadb.pid'), 'utf8');
  process.kill(Number(pid), 'SIGKILL');
}

test('a run ends at once with the end of the log, when its MariaDB is killed', async () => {
  const waiting: CopyJob = async (_, { signal }) => {
    await killMariadb();
    await once(signal, 'abort');
    throw signal.reason;
  };
  await expect(runCopy(waiting)).rejects.toThrow(
    /^The database has ended unexpectedly\. .*mariadb\.log ends with:\n.*/,
  );
});

test('the message has the end of the log, when a statement fails before the end of MariaDB is noticed', async () => {
  const failing: CopyJob = async () => {
    await killMariadb();
    throw new OperatorError('The warehouse failed: read ECONNRESET');
  };
  await expect(runCopy(failing)).rejects.toThrow(/^The database has ended unexpectedly\. /);
});

test('the error of a copy is unchanged, when MariaDB still runs', async () => {
  await expect(runWithoutWork()).rejects.toThrow(/^The copy has started\.$/);
});
