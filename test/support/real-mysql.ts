import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import dotenv from 'dotenv';
import { findFreePort } from '../../src/dev/free-port.ts';
import type { Environment } from '../../src/environment.ts';

/** Path of the program that starts a MySQL, where there is one. */
export const REAL_MYSQL = '../shared/bin/real-mysql';
const run = promisify(execFile);

/** A MySQL server with a folder of its own. */
export interface RealMysql {
  /** The `DB_*` settings that lead to it. */
  settings: Environment;
  /** The same, as somebody who may do anything. */
  administrator: Environment;
  stop(): Promise<void>;
}

/** Starts a MySQL with further options of mysqld's. */
export async function startRealMysql(...options: string[]): Promise<RealMysql> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-mysql-'));
  const port = await findFreePort();
  const { stdout } = await run(REAL_MYSQL, ['start', folder, String(port), ...options]);
  const administrator = { DB_USER: 'administrator', DB_PASSWD: 'administrator-secret' };
  await run(REAL_MYSQL, ['client', folder, '--execute', makeAdministrator(administrator)]);
  const settings = dotenv.parse(stdout);
  return {
    settings,
    administrator: { ...settings, ...administrator },
    async stop() {
      await run(REAL_MYSQL, ['stop', folder]);
      await rm(folder, { recursive: true });
    },
  };
}

function makeAdministrator({ DB_USER, DB_PASSWD }: Record<'DB_USER' | 'DB_PASSWD', string>) {
  return `create user ${DB_USER} identified by '${DB_PASSWD}';
    grant all on *.* to ${DB_USER} with grant option`;
}
