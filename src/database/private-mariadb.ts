import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../config.ts';
import { OperatorError } from '../errors.ts';
import { withConnection } from './connection.ts';
import { commonOptions, createDataFolder, findMariadb } from './mariadb-install.ts';

const START_MAX_MS = 60_000;
const STOP_MAX_MS = 60_000;

/** A MariaDB server that belongs to this process. */
export interface PrivateMariadb {
  config: DatabaseConfig;
  /** Path of the server's log. */
  log: string;
  /** Resolves when the server has ended, by itself or not. */
  ended: Promise<unknown>;
  /** Stops it cleanly. */
  stop(): Promise<void>;
}

/**
 * Starts a MariaDB whose files are all in `folder`, which it makes if need be, and waits until it
 * answers. It listens on a socket there and on a free loopback port; over the network, only the user
 * of `config` can log in, to databases whose names start with `minitwit`.
 * @param options further ones of mariadbd's
 * @throws OperatorError when there is no MariaDB and none can be installed, and when it does not start
 */
export async function startPrivateMariadb(
  folder: string,
  options: string[] = [],
): Promise<PrivateMariadb> {
  const mariadbd = findMariadb();
  const home = resolve(folder);
  const data = join(home, 'data');
  await mkdir(home, { recursive: true, mode: 0o700 });
  await stopLeftover(data);
  if (!existsSync(data)) await createDataFolder(mariadbd, data);

  const config = await chooseConfig();
  const log = join(home, 'mariadb.log');
  const init = join(home, 'init.sql');
  await writeFile(init, initSql(config), { mode: 0o600 });
  const paths = { data, log, init, port: config.port };
  const server = spawn(mariadbd, [...serverOptions(paths), ...options], {
    stdio: 'ignore',
    // A group of its own: Ctrl-C in the terminal is not for the database, which is stopped last.
    detached: true,
  });
  const ended = once(server, 'exit');
  // so that it also ends when we exit without `stop`
  process.once('exit', () => server.kill('SIGTERM'));
  const stop = () => stopServer(server, ended);
  try {
    await Promise.race([
      withConnection(config, { waitMaxMs: START_MAX_MS }, async () => undefined),
      fail(ended),
    ]);
  } catch (error) {
    await stop();
    const lastLines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-5);
    throw new OperatorError(`MariaDB did not start. ${log} ends with:\n${lastLines.join('\n')}`, {
      cause: error,
    });
  }
  return { config, log, ended, stop };
}

interface ServerPaths {
  data: string;
  log: string;
  init: string;
  port: number;
}

function serverOptions({ data, log, init, port }: ServerPaths): string[] {
  return [
    ...commonOptions(data),
    `--log-error=${log}`,
    `--init-file=${init}`,
    // relative to the data folder: the whole path may be too long for a socket
    '--socket=mariadb.sock',
    '--pid-file=mariadb.pid',
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    // what was committed is on the disk
    '--innodb-flush-log-at-trx-commit=1',
  ];
}

async function chooseConfig(): Promise<DatabaseConfig> {
  return {
    host: '127.0.0.1',
    port: await findFreePort(),
    user: 'minitwit',
    // new at every start; the server learns it from its init file
    password: randomBytes(24).toString('base64url'),
    name: 'minitwit',
    sslCa: null,
    poolSize: 10,
  };
}

function initSql({ user, password, name }: DatabaseConfig): string {
  const account = `'${user}'@'127.0.0.1'`;
  return [
    `create database if not exists ${name} character set utf8mb4;`,
    `create or replace user ${account} identified by '${password}';`,
    `grant all on \`minitwit%\`.* to ${account};`,
    '',
  ].join('\n');
}

/** A loopback port that nothing uses at this moment. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Stops the server that a killed process left behind: two servers cannot share the files. */
async function stopLeftover(data: string): Promise<void> {
  // Whoever answers on the socket wrote the file with its process id; without an answer that id
  // could be anybody's by now.
  const socket = relative(process.cwd(), join(data, 'mariadb.sock'));
  if (!(await accepts(socket))) return;
  const pid = Number(await readFile(join(data, 'mariadb.pid'), 'utf8'));
  if (!(pid > 1)) throw new OperatorError(`A MariaDB already runs on ${data}: stop it first.`);
  process.kill(pid, 'SIGTERM');
  const giveUpAt = Date.now() + STOP_MAX_MS;
  while (isAlive(pid)) {
    if (Date.now() > giveUpAt) throw new OperatorError(`MariaDB, process ${pid}, does not stop.`);
    await sleep(50);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once('error', () => done(false));
    connection.once('connect', () => {
      connection.destroy();
      done(true);
    });
  });
}

async function stopServer(server: ChildProcess, ended: Promise<unknown>): Promise<void> {
  server.kill('SIGTERM');
  await ended;
}

async function fail(ended: Promise<unknown>): Promise<never> {
  await ended;
  throw new Error('mariadbd has ended');
}
