import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../src/database/private-mariadb.ts';
import { runSql } from '../support/database.ts';

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

test('it speaks utf8mb4, and what it has written is on the disk', async () => {
  mariadb = await startPrivateMariadb(folder);
  const database = openDatabase(mariadb.config);
  const [variables] = await database.select(
    `select @@character_set_server as charset, @@innodb_flush_log_at_trx_commit as flush,
       @@innodb_doublewrite as doublewrite, @@bind_address as address`,
  );
  expect(variables).toEqual({ charset: 'utf8mb4', flush: 1, doublewrite: 1, address: '127.0.0.1' });
  await database.end();
});

test('rows that one statement inserts have ids that follow each other, whatever the server was told', async () => {
  mariadb = await startPrivateMariadb(folder, ['--auto-increment-increment=7']);
  await runSql(mariadb.config, 'create table thing (id int auto_increment primary key, n int)');
  const database = openDatabase(mariadb.config);
  const rows = [[1], [2], [3]];
  const { insertId } = await database.change('insert into thing (n) values :rows', { rows });
  expect(await database.select('select id, n from thing order by n')).toEqual([
    { id: insertId, n: 1 },
    { id: insertId + 1, n: 2 },
    { id: insertId + 2, n: 3 },
  ]);
  await database.end();
});

test('its user may make databases called minitwit…, and nothing else', async () => {
  mariadb = await startPrivateMariadb(folder);
  await runSql(mariadb.config, 'create database minitwit_more', 'drop database minitwit_more');
  await expect(runSql(mariadb.config, 'create database other')).rejects.toThrow(
    /may not use|denied/,
  );
  await expect(runSql(mariadb.config, 'select * from mysql.global_priv')).rejects.toThrow(/denied/);
});

test('a server that was left behind is stopped, and its data are there', async () => {
  const leftover = await startPrivateMariadb(folder);
  await runSql(leftover.config, 'create table kept (id int)');
  mariadb = await startPrivateMariadb(folder);
  await leftover.ended;
  await expect(runSql(mariadb.config, 'select id from kept')).resolves.toBeUndefined();
});

test('a server that was killed comes back with its data', async () => {
  const killed = await startPrivateMariadb(folder);
  await runSql(killed.config, 'create table kept (id int)', 'insert into kept values (1)');
  process.kill(Number(await readFile(join(folder, 'data/mariadb.pid'), 'utf8')), 'SIGKILL');
  await killed.ended;
  mariadb = await startPrivateMariadb(folder);
  await expect(runSql(mariadb.config, 'select id from kept')).resolves.toBeUndefined();
});

test('files that are no database are an error that shows the log', async () => {
  mariadb = await startPrivateMariadb(folder);
  await mariadb.stop();
  mariadb = null;
  spawnSync('sh', ['-c', `echo broken > "${folder}/data/ibdata1"`]);
  await expect(startPrivateMariadb(folder)).rejects.toThrow(
    /^MariaDB did not start\. .*mariadb\.log ends with:\n/,
  );
});
