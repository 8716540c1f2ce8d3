import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../src/config/config.ts';
import { withConnection } from '../src/database/connection.ts';
import { startPrivateMariadb } from '../src/dev/mariadb/private-mariadb.ts';
import { startRealMysql } from '../test/support/real-mysql.ts';

/** What starts a MySQL; without it there is MariaDB alone. */
export const REAL_MYSQL = '../shared/bin/real-mysql';

/** The servers that are measured, by name. */
export const DATABASES = { mariadb: startMariadb, mysql: startMysql };

/** The name of a server. */
export type DatabaseKind = keyof typeof DATABASES;

/** A database server that runs for the measurements alone. */
export interface DatabaseServer {
  kind: DatabaseKind;
  version: string;
  config: DatabaseConfig;
  stop(): Promise<void>;
}

// RDS gives the pool three quarters of its machine's memory; a server's own default of 128 MB would
// measure the disk.
const OPTIONS = ['--innodb-buffer-pool-size=4G'];
const SETTLE_PAUSE_MS = 100;

/** Starts a server whose buffers hold the largest data set. */
export async function startDatabaseServer(kind: DatabaseKind): Promise<DatabaseServer> {
  const { config, stop } = await DATABASES[kind]();
  const version = await onConnection(config, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('select version() as version');
    return String(rows[0]?.version);
  });
  return { kind, version, config, stop };
}

async function startMariadb() {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-mariadb-'));
  const mariadb = await startPrivateMariadb(folder, { options: OPTIONS });
  const stop = async () => {
    await mariadb.stop();
    await rm(folder, { recursive: true });
  };
  return { config: mariadb.config, stop };
}

async function startMysql() {
  await using cleanups = new AsyncDisposableStack();
  const { config } = await startRealMysql((act) => cleanups.defer(act), OPTIONS);
  const moved = cleanups.move();
  return { config, stop: () => moved.disposeAsync() };
}

/** Does work on a connection of its own, once. */
export function onConnection<T>(
  config: DatabaseConfig,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return withConnection(config, { waitMaxMs: 0 }, work);
}

/** Waits until the server works on nothing: whoever asked may be gone long before its query ends. */
export function settle(config: DatabaseConfig): Promise<void> {
  return onConnection(config, async (connection) => {
    while (true) {
      const [rows] = await connection.query<RowDataPacket[]>('show processlist');
      if (rows.filter(({ Command }) => Command === 'Query').length <= 1) return;
      await sleep(SETTLE_PAUSE_MS);
    }
  });
}
