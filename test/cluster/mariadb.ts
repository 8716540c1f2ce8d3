import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import {
  commonOptions,
  createDataFolder,
  findMariadb,
} from '../../src/dev/mariadb/mariadb-install.ts';
import type { Defer } from '../support/cleanup.ts';
import { createFastFolder } from '../support/fast-folder.ts';
import { reservePort } from '../support/ports.ts';
import { type Program, startCommand } from '../support/programs.ts';
import { HANG_MS } from '../support/timeouts.ts';

// Most of this is for InnoDB's log.
const DATA_BYTES = 512 * 1024 ** 2;

/** A MariaDB to which everything is done that happens to servers. */
export interface Mariadb {
  /** For MiniTwit: a user who may read and write rows, and nothing else. */
  config: DatabaseConfig;
  /** For initdb: a user who may do anything to the database. */
  adminConfig: DatabaseConfig;
  /** Starts it anew on the same files, perhaps otherwise; resolves when one can log in. */
  start: (changes?: { host?: string; option?: string }) => Promise<void>;
  /** As the power fails. */
  kill: () => Promise<void>;
  /** From now on it does nothing, but its connections stay. */
  suspend: () => void;
  resume: () => void;
}

/** Starts a MariaDB with further options of mariadbd's. */
export async function startMariadb(options: string[], defer: Defer): Promise<Mariadb> {
  const mariadbd = findMariadb();
  const folder = await createFastFolder('minitwit-cluster-', DATA_BYTES);
  defer(() => rm(folder, { recursive: true }));
  const data = join(folder, 'data');
  // When MariaDB starts, it deletes the temporary files of all servers with the same tmpdir.
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const init = join(folder, 'init.sql');
  const log = join(folder, 'mariadb.log');
  await createDataFolder(mariadbd, data);
  // a statement a line
  await writeFile(
    init,
    [
      'create database if not exists minitwit character set utf8mb4;',
      "create or replace user admin identified by 'minitwit';",
      'grant all on minitwit.* to admin;',
      "create or replace user minitwit identified by 'minitwit';",
      // as `initdb --user` makes it
      'grant select, insert, update, delete on minitwit.* to minitwit;',
      '',
    ].join('\n'),
  );
  const config: DatabaseConfig = {
    host: '127.0.0.1',
    port: await reservePort(defer),
    user: 'minitwit',
    password: 'minitwit',
    name: 'minitwit',
    sslCa: null,
    poolSize: 2,
  };
  let server: Program | null = null;

  const start: Mariadb['start'] = async ({ host = '127.0.0.1', option } = {}) => {
    const command = [
      mariadbd,
      ...commonOptions(data),
      `--tmpdir=${temporary}`,
      `--init-file=${init}`,
      `--log-error=${log}`,
      '--socket=mariadb.sock',
      `--bind-address=${host}`,
      `--port=${config.port}`,
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      '--innodb-flush-log-at-trx-commit=1',
      ...options,
      ...(option === undefined ? [] : [option]),
    ];
    const started = startCommand(command, {}, { outlivesTest: true });
    server = started;
    const fails = started.ended.then(async () => {
      throw new Error(`MariaDB has ended:\n${await readFile(log, 'utf8')}`);
    });
    const there = { ...config, host };
    const answers = withConnection(there, { waitMaxMs: HANG_MS }, async () => undefined);
    // later it is meant to end
    fails.catch(() => undefined);
    await Promise.race([answers, fails]);
  };

  const kill = async () => {
    server?.process.kill('SIGKILL');
    await server?.ended;
  };

  defer(kill);
  await start();
  return {
    config,
    adminConfig: { ...config, user: 'admin' },
    start,
    kill,
    suspend: () => server?.process.kill('SIGSTOP'),
    resume: () => server?.process.kill('SIGCONT'),
  };
}
