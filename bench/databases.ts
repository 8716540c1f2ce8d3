import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../src/config/config.ts';
import { withConnection } from '../src/database/with-connection.ts';
import { startPrivateMariadb } from '../src/dev/mariadb/private-mariadb.ts';
import { startRealMysql } from '../test/support/real-mysql.ts';

/** The program that starts MySQL. Without it, only MariaDB is measured. */
export const REAL_MYSQL = '../shared/bin/real-mysql';

/** The functions that start a database server, by its name. */
export const DATABASES = { mariadb: startMariadb, mysql: startMysql };

/** The name of a database server. */
export type DatabaseKind = keyof typeof DATABASES;

/** A running database server. `stop` removes its data. */
export interface DatabaseServer {
  kind: DatabaseKind;
  version: string;
  config: DatabaseConfig;
  stop(): Promise<void>;
}

// RDS gives three quarters of its memory to the buffer pool. The default of 128 MB would measure the disk.
const OPTIONS = ['--innodb-buffer-pool-size=4G'];
const IDLE_POLL_MS = 100;

/** Starts a server whose buffer pool holds the largest data set. */
export async function startDatabaseServer(kind: DatabaseKind): Promise<DatabaseServer> {
  const { config, stop } = await DATABASES[kind]();
  const version = await withBenchConnection(config, async (connection) => {
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
  const { config } = await startRealMysql((cleanup) => cleanups.defer(cleanup), OPTIONS);
  const moved = cleanups.move();
  return { config, stop: () => moved.disposeAsync() };
}

/** Runs `work` once, on a new connection that is closed afterwards. */
export function withBenchConnection<T>(
  config: DatabaseConfig,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return withConnection(config, { waitMaxMs: 0 }, work);
}

/** Waits until the server runs no query. A query may run on after its client has disconnected. */
export function waitUntilIdle(config: DatabaseConfig): Promise<void> {
  return withBenchConnection(config, async (connection) => {
    while (true) {
      const [rows] = await connection.query<RowDataPacket[]>('show processlist');
      if (rows.filter(({ Command }) => Command === 'Query').length <= 1) return;
      await sleep(IDLE_POLL_MS);
    }
  });
}
