import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseConfig } from '../../src/config.ts';
import { withConnection } from '../../src/database/connection.ts';
import {
  commonOptions,
  createDataFolder,
  findMariadb,
} from '../../src/database/mariadb-install.ts';
import { findFreePort } from '../../src/database/private-mariadb.ts';
import type { AtEnd } from '../support/at-end.ts';

const START_MAX_MS = 60_000;

/** A MariaDB to which everything is done that happens to servers. */
export interface Mariadb {
  /** For MiniTwit: a user who may read and write rows, and nothing else. */
  config: DatabaseConfig;
  /** For initdb: a user who may do anything to the database. */
  adminConfig: DatabaseConfig;
  /** Starts it anew on the same files, at this address; resolves when one can log in. */
  start: (host?: string) => Promise<void>;
  /** As the power fails. */
  kill: () => Promise<void>;
  /** From now on it does nothing, but its connections stay. */
  suspend: () => void;
  resume: () => void;
}

/** Starts a MariaDB with further options of mariadbd's. */
export async function startMariadb(options: string[], atEnd: AtEnd): Promise<Mariadb> {
  const mariadbd = findMariadb();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-cluster-'));
  const data = join(folder, 'data');
  const init = join(folder, 'init.sql');
  await createDataFolder(mariadbd, data);
  // a statement a line
  await writeFile(
    init,
    [
      'create database if not exists minitwit character set utf8mb4;',
      "create or replace user admin identified by 'minitwit';",
      'grant all on minitwit.* to admin;',
      "create or replace user minitwit identified by 'minitwit';",
      // as docs/going-live.md has it
      'grant select, insert, update, delete on minitwit.* to minitwit;',
      '',
    ].join('\n'),
  );
  const config: DatabaseConfig = {
    host: '127.0.0.1',
    port: await findFreePort(),
    user: 'minitwit',
    password: 'minitwit',
    name: 'minitwit',
    sslCa: null,
    poolSize: 2,
  };
  let server: ChildProcess | null = null;

  const start = async (host = '127.0.0.1') => {
    server = spawn(
      mariadbd,
      [
        ...commonOptions(data),
        `--init-file=${init}`,
        `--log-error=${join(folder, 'mariadb.log')}`,
        '--socket=mariadb.sock',
        `--bind-address=${host}`,
        `--port=${config.port}`,
        '--skip-name-resolve',
        '--character-set-server=utf8mb4',
        '--innodb-flush-log-at-trx-commit=1',
        ...options,
      ],
      { stdio: 'ignore' },
    );
    const there = { ...config, host };
    await withConnection(there, { waitMaxMs: START_MAX_MS }, async () => undefined);
  };

  const kill = async () => {
    if (!server) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    server = null;
  };

  atEnd(async () => {
    await kill();
    await rm(folder, { recursive: true });
  });
  await start();
  return {
    config,
    adminConfig: { ...config, user: 'admin' },
    start,
    kill,
    suspend: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
  };
}
