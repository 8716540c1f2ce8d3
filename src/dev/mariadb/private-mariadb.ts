import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DatabaseConfig } from '../../config/config.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { withConnection } from '../../database/with-connection.ts';
import { findFreePort } from '../free-port.ts';
import { commonOptions, createDataFolder, findMariadb } from './mariadb-install.ts';
import { stopOrphanedServer } from './orphaned-mariadb.ts';
import { startMariadbProcess } from './mariadb-process.ts';
import { formatLogTail, watchMariadb, type WatchedMariadb } from './watch-mariadb.ts';

const START_MAX_MS = 60_000;
// Another program may take a free port before MariaDB binds it.
const START_ATTEMPTS = 5;

/** A MariaDB server that is a child of this process. */
export interface PrivateMariadb extends WatchedMariadb {
  config: DatabaseConfig;
  /** The path of the server's log. */
  log: string;
  /** Resolves when the server has ended, for any reason. */
  ended: Promise<unknown>;
}

/** Options for startPrivateMariadb. */
export interface MariadbOptions {
  /** Options of mariadbd. */
  options?: string[];
  /** SQL statements without line breaks. The server runs them as root at each start. */
  init?: string[];
  /** Stops the start if it is aborted. */
  signal?: AbortSignal;
}

/**
 * Starts a MariaDB server whose files are all in `folder`, including temporary files. Creates the folder if it is
 * missing, and resolves when the server accepts statements. The server listens on a socket in the folder and on a
 * free loopback port. Over the network, only the user of `config` can log in, and use databases whose names start
 * with `minitwit`. `init` can create other users.
 * @throws OperatorError if MariaDB is missing and cannot be unpacked, or if it does not start; Node's error, with the
 *   path, if a file in the folder cannot be read or written; an AbortError if `signal` is aborted first
 */
export async function startPrivateMariadb(
  folder: string,
  { options = [], init = [], signal = new AbortController().signal }: MariadbOptions = {},
): Promise<PrivateMariadb> {
  const mariadbd = findMariadb();
  const home = resolve(folder);
  const data = join(home, 'data');
  // A starting MariaDB deletes every `#sql*` file in its temporary folder, also those of other servers.
  await mkdir(join(home, 'tmp'), { recursive: true, mode: 0o700 });
  await stopOrphanedServer(data);
  signal.throwIfAborted();
  if (!existsSync(data)) await createDataFolder(mariadbd, data, signal);

  const files = { log: join(home, 'mariadb.log'), pid: join(data, 'mariadb.pid') };
  for (let attempt = 1; ; attempt++) {
    const config = await createConfig();
    await writeFile(join(home, 'init.sql'), createInitSql(config, init), { mode: 0o600 });
    const allOptions = [...listServerOptions(home, config.port), ...options];
    const server = await startMariadbProcess(mariadbd, allOptions, files);
    try {
      await server.waitUntilListening(START_MAX_MS, signal);
      // `signal` does not stop this step: MariaDB hangs on a SIGTERM between listening and accepting statements.
      await withConnection(config, { waitMaxMs: START_MAX_MS }, async () => undefined);
      signal.throwIfAborted();
      return { config, log: files.log, ended: server.ended, ...watchMariadb(server, files.log) };
    } catch (cause) {
      await server.stop();
      signal.throwIfAborted();
      await assertAccess(home);
      const log = await server.readLog();
      if (isPortTaken(log) && attempt < START_ATTEMPTS) continue;
      const reason = cause instanceof OperatorError ? cause.message : 'MariaDB did not start.';
      throw new OperatorError(`${reason} ${formatLogTail(files.log, log)}`, { cause });
    }
  }
}

function listServerOptions(home: string, port: number): string[] {
  return [
    ...commonOptions(join(home, 'data')),
    `--tmpdir=${join(home, 'tmp')}`,
    `--init-file=${join(home, 'init.sql')}`,
    // The path is relative to the data folder, since an absolute path may be too long for a socket.
    '--socket=mariadb.sock',
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    // Every commit is written to the disk.
    '--innodb-flush-log-at-trx-commit=1',
  ];
}

/** @throws Node's error, with the path, if this user cannot read and write a file of the folder */
async function assertAccess(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const name of ['.', ...names])
    await access(join(folder, name), constants.R_OK | constants.W_OK);
}

function isPortTaken(log: string): boolean {
  return log.includes("Can't start server: Bind on TCP/IP port");
}

async function createConfig(): Promise<DatabaseConfig> {
  return {
    host: '127.0.0.1',
    port: await findFreePort(),
    user: 'minitwit',
    // The password is new at every start. The server reads it from its init file.
    password: randomBytes(24).toString('base64url'),
    name: 'minitwit',
    sslCa: null,
    poolSize: 10,
  };
}

function createInitSql({ user, password, name }: DatabaseConfig, more: string[]): string {
  const account = `'${user}'@'127.0.0.1'`;
  return [
    `create database if not exists ${name} character set utf8mb4;`,
    `create or replace user ${account} identified by '${password}';`,
    `grant all on \`minitwit%\`.* to ${account};`,
    ...more.map((statement) => `${statement};`),
    '',
  ].join('\n');
}
