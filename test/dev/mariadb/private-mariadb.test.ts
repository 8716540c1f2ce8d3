import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../../src/database/database.ts';
import {
  type PrivateMariadb,
  startPrivateMariadb,
} from '../../../src/dev/mariadb/private-mariadb.ts';
import { runSql } from '../../support/database.ts';
import { listen } from '../../support/listen.ts';
import { waitFor } from '../../support/wait-for.ts';

// Sometimes, MariaDB binds its port before the test can take it.
const ATTEMPTS = 50;

let folder: string;
let mariadb: PrivateMariadb | null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-private-'));
  mariadb = null;
});

afterEach(async () => {
  await mariadb?.stop();
  await rm(folder, { recursive: true });
});

test('uses utf8mb4, and writes each commit to the disk', async () => {
  mariadb = await startPrivateMariadb(folder);
  const database = openDatabase(mariadb.config);
  const [variables] = await database.select(
    `select @@character_set_server as charset, @@innodb_flush_log_at_trx_commit as flush,
       @@innodb_doublewrite as doublewrite, @@bind_address as address`,
  );
  expect(variables).toEqual({ charset: 'utf8mb4', flush: 1, doublewrite: 1, address: '127.0.0.1' });
  await database.end();
});

test('its user may only create databases called minitwit…', async () => {
  mariadb = await startPrivateMariadb(folder);
  await runSql(mariadb.config, 'create database minitwit_more', 'drop database minitwit_more');
  await expect(runSql(mariadb.config, 'create database other')).rejects.toThrow(
    /may not use|denied/,
  );
  await expect(runSql(mariadb.config, 'select * from mysql.global_priv')).rejects.toThrow(/denied/);
});

test('stops an orphaned server, and uses its data', async () => {
  const orphan = await startPrivateMariadb(folder);
  await runSql(orphan.config, 'create table thing (id int)');
  mariadb = await startPrivateMariadb(folder);
  await orphan.ended;
  await expect(runSql(mariadb.config, 'select id from thing')).resolves.toBeUndefined();
});

test('starts with the data of a killed server', async () => {
  const killed = await startPrivateMariadb(folder);
  await runSql(killed.config, 'create table thing (id int)', 'insert into thing values (1)');
  process.kill(Number(await readFile(join(folder, 'data/mariadb.pid'), 'utf8')), 'SIGKILL');
  await killed.ended;
  mariadb = await startPrivateMariadb(folder);
  await expect(runSql(mariadb.config, 'select id from thing')).resolves.toBeUndefined();
});

test('the error for corrupt files has the end of the log', async () => {
  mariadb = await startPrivateMariadb(folder);
  await mariadb.stop();
  mariadb = null;
  spawnSync('sh', ['-c', `echo broken > "${folder}/data/ibdata1"`]);
  await expect(startPrivateMariadb(folder)).rejects.toThrow(
    /^MariaDB did not start\. .*mariadb\.log ends with:\n/,
  );
});

test('init statements run at the start', async () => {
  const init = [`create or replace user reader identified by 'pw'`];
  mariadb = await startPrivateMariadb(folder, { init });
  const reader = { ...mariadb.config, user: 'reader', password: 'pw', name: 'information_schema' };
  await expect(runSql(reader, 'select 1')).resolves.toBeUndefined();
});

test('a query with a temporary file is not disturbed by the start of another private server', async () => {
  mariadb = await startPrivateMariadb(folder);
  const otherFolder = join(folder, 'other');
  await (await startPrivateMariadb(otherFolder)).stop();
  const database = openDatabase({ ...mariadb.config, poolSize: 1 });
  await database.select(`select get_lock('gate', 60)`);
  const rows = runSql(
    mariadb.config,
    'set big_tables = 1',
    // The rows of the inner query are in a temporary file while the outer one waits.
    `select get_lock('gate', 60), text
     from (select distinct repeat(seq, 100) as text from seq_1_to_1000) as file limit 1`,
  );
  await waitFor('the query waits', async () => {
    const found = await database.select(
      `select 1 from information_schema.processlist where state = 'User lock'`,
    );
    return found.length > 0;
  });
  const other = await startPrivateMariadb(otherFolder);
  await other.stop();
  await database.select(`select release_lock('gate')`);
  await expect(rows).resolves.toBeUndefined();
  await database.end();
});

test('the first start deletes no temporary files of other servers', async () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  // A server without --tmpdir uses this folder.
  vi.stubEnv('TMPDIR', folder);
  const file = join(folder, '#sql-temptable-1-1-1.MAI');
  await writeFile(file, '');
  mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
  expect(existsSync(file)).toBe(true);
});

/** Returns the port of the mariadbd that is starting on this folder, or null. */
function findPortOfStart(data: string): string | null {
  for (const file of globSync('/proc/[0-9]*/cmdline')) {
    const words = readCommand(file);
    if (!words.includes(`--datadir=${data}`)) continue;
    return words.find((word) => word.startsWith('--port='))?.slice('--port='.length) ?? null;
  }
  return null;
}

function readCommand(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\0');
  } catch {
    // The process has ended.
    return [];
  }
}

/** Returns a server that listens on a port, or null if the port is in use. */
async function takePort(port: number): Promise<Server | null> {
  const server = createServer().listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => null,
  );
}

/** Starts MariaDB, and takes its port before MariaDB binds it. `taker` is null if MariaDB was faster. */
async function startAndTakePort(): Promise<{ started: PrivateMariadb; taker: Server | null }> {
  const end = new AbortController();
  const starting = startPrivateMariadb(folder).finally(() => end.abort());
  let port: string | null = null;
  while (!end.signal.aborted && port === null) {
    await nextTurn();
    port = findPortOfStart(join(folder, 'data'));
  }
  const taker = port === null ? null : await takePort(Number(port));
  return { started: await starting, taker };
}

test('uses another port if another program takes the first one', async () => {
  await (await startPrivateMariadb(folder)).stop();
  let taker: Server | null = null;
  onTestFinished(() => void taker?.close());
  for (let attempt = 1; taker === null && attempt <= ATTEMPTS; attempt++) {
    await mariadb?.stop();
    ({ started: mariadb, taker } = await startAndTakePort());
  }
  if (taker === null) throw new Error(`MariaDB bound its port first, ${ATTEMPTS} times.`);
  expect(mariadb?.config.port).not.toBe((taker.address() as AddressInfo).port);
  expect(await readFile(join(folder, 'mariadb.log'), 'utf8')).toContain('Address already in use');
});

test('fails if no attempt can bind its port', async () => {
  const taker = createServer();
  onTestFinished(() => void taker.close());
  const port = await listen(taker);
  const starting = startPrivateMariadb(folder, { options: [`--port=${port}`] });
  await expect(starting).rejects.toThrow(/^MariaDB did not start\.[^]*Address already in use/);
});

test('the error names a file that cannot be written', async () => {
  await (await startPrivateMariadb(folder)).stop();
  const file = join(folder, 'data/ibdata1');
  await rm(file);
  // Not even root can write this file.
  await symlink('/proc/sys/kernel/ostype', file);
  const error = { code: 'EACCES', path: file };
  await expect(startPrivateMariadb(folder)).rejects.toMatchObject(error);
});
