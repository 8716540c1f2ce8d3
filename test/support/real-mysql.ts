import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import dotenv from 'dotenv';
import { readDatabaseConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { Defer } from './cleanup.ts';
import type { Logins } from './temporary-mariadb.ts';
import { deferScript } from './cleanup-script.ts';
import { reservePort } from './ports.ts';

/** The path of the program that starts a MySQL. It may be missing. */
export const REAL_MYSQL = '../shared/bin/real-mysql';
const ADMINISTRATOR = { DB_USER: 'administrator', DB_PASSWD: 'administrator-secret' };
const START_ATTEMPTS = 3;
const run = promisify(execFile);

// The pattern does not match its own process. A suspended process ends, too, and a killed one leaves its pid file.
const KILL_AND_DELETE = `
  while pids=$(grep -lse "[d]atadir=$1/" /proc/[0-9]*/cmdline | cut -d / -f 3) && [ "$pids" ]; do
    kill -KILL $pids 2>/dev/null
    sleep 0.1
  done
  rm -rf "$1"`;

/** A MySQL that tests can kill, restart and freeze. */
export interface RealMysql extends Logins {
  /** Sends a signal to the server's process. */
  signal: (signal: NodeJS.Signals) => Promise<void>;
  /** Starts the killed server on the same files and port, with further options. Resolves when a client can log in. */
  restart: (furtherOptions: string[]) => Promise<void>;
}

/**
 * Starts a MySQL in a temporary folder. The cleanup kills the server and deletes the folder, also if the start fails or
 * if this process is killed.
 * @param options the options of mysqld
 */
export async function startRealMysql(defer: Defer, options: string[] = []): Promise<RealMysql> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-mysql-'));
  deferScript(defer, KILL_AND_DELETE, folder);
  const settings = await start(folder, options, defer);
  await run(REAL_MYSQL, ['client', folder, '--execute', createAdministratorSql()]);
  const config = readDatabaseConfig(settings);
  return {
    config,
    administrator: readDatabaseConfig({ ...settings, ...ADMINISTRATOR }),
    async signal(signal) {
      process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), signal);
    },
    async restart(furtherOptions) {
      const all = [...options, ...furtherOptions];
      await run(REAL_MYSQL, ['start', folder, String(config.port), ...all]);
    },
  };
}

/** Returns the settings of the server. Retries with another port if another program has taken the first one. */
async function start(folder: string, options: string[], defer: Defer): Promise<Environment> {
  for (let attempt = 1; ; attempt++) {
    const port = await reservePort(defer);
    try {
      const { stdout } = await run(REAL_MYSQL, ['start', folder, String(port), ...options]);
      return dotenv.parse(stdout);
    } catch (error) {
      const isPortTaken = String(error).includes('Bind on TCP/IP port');
      if (!isPortTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

function createAdministratorSql(): string {
  const { DB_USER, DB_PASSWD } = ADMINISTRATOR;
  return `create user ${DB_USER} identified by '${DB_PASSWD}';
    grant all on *.* to ${DB_USER} with grant option`;
}
