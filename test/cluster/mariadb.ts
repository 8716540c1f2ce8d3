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

// InnoDB's log needs most of this.
const DATA_BYTES = 512 * 1024 ** 2;

/** A MariaDB that tests can kill, restart and freeze. */
export interface Mariadb {
  /** The least-privilege user of MiniTwit. */
  config: DatabaseConfig;
  /** A user with all privileges on the database. */
  adminConfig: DatabaseConfig;
  /** Starts the server on the same files, optionally with changes. Resolves when a client can log in. */
  start: (changes?: { host?: string; option?: string }) => Promise<void>;
  /** Kills the server with SIGKILL. */
  kill: () => Promise<void>;
  /** Freezes the server. Its connections remain open. */
  suspend: () => void;
  resume: () => void;
}

/** Starts a MariaDB with additional options of mariadbd. */
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
  // MariaDB reads one statement from each line.
  await writeFile(
    init,
    [
      'create database if not exists minitwit character set utf8mb4;',
      "create or replace user admin identified by 'minitwit';",
      'grant all on minitwit.* to admin;',
      "create or replace user minitwit identified by 'minitwit';",
      // `initdb --user` creates this user.
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
    const failed = started.ended.then(async () => {
      throw new Error(`MariaDB exited:\n${await readFile(log, 'utf8')}`);
    });
    const address = { ...config, host };
    const responds = withConnection(address, { waitMaxMs: HANG_MS }, async () => undefined);
    // Tests end the server later.
    failed.catch(() => undefined);
    await Promise.race([responds, failed]);
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
