import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import type { DatabaseConfig } from '../../src/config.ts';
import type { PrivateMariadb } from '../../src/database/private-mariadb.ts';

/** Makes a user of a private MariaDB, in this folder, who may do anything there. */
export async function makeAdministrator(
  { config }: PrivateMariadb,
  folder: string,
): Promise<DatabaseConfig> {
  const administrator = { user: 'administrator', password: randomBytes(24).toString('base64url') };
  // the server's root logs in here alone
  const socketPath = join(folder, 'data/mariadb.sock');
  const root = await mysql.createConnection({ socketPath, user: 'root' });
  await root.query(
    `grant all on *.* to administrator identified by '${administrator.password}' with grant option`,
  );
  await root.end();
  return { ...config, ...administrator };
}
