import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import dotenv from 'dotenv';
import { readDatabaseConfig } from '../../src/config/config.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { Defer } from './cleanup.ts';
import type { Logins } from './temporary-mariadb.ts';
import { deferScript } from './cleanup-script.ts';

/** The path of the program that starts a MySQL. It may be missing. */
export const REAL_MYSQL = '../shared/bin/real-mysql';
const ADMINISTRATOR = { DB_USER: 'administrator', DB_PASSWD: 'administrator-secret' };
const START_ATTEMPTS = 3;
const run = promisify(execFile);

/**
 * Starts a MySQL in a temporary folder. The cleanup stops the server and deletes the folder, also if the start fails or
 * if this process is killed.
 * @param options the options of mysqld
 */
export async function startRealMysql(defer: Defer, options: string[] = []): Promise<Logins> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-mysql-'));
  // When mysqld ends, it deletes the file with its process id.
  const script = `[ ! -e "$1/pid" ] || "$2" stop "$1" || exit\nrm -rf "$1"`;
  deferScript(defer, script, folder, REAL_MYSQL);
  const settings = await start(folder, options);
  await run(REAL_MYSQL, ['client', folder, '--execute', createAdministratorSql()]);
  return {
    config: readDatabaseConfig(settings),
    administrator: readDatabaseConfig({ ...settings, ...ADMINISTRATOR }),
  };
}

/** Returns the settings of the server. Retries with another port if another program has taken the first one. */
async function start(folder: string, options: string[]): Promise<Environment> {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
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
