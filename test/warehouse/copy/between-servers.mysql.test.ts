import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { startPrivateMariadb } from '../../../src/dev/mariadb/private-mariadb.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import { copyDatabase } from '../../../src/warehouse/copy/copy-database.ts';
import { runSql } from '../../support/database.ts';
import { findTool } from '../../support/tools.ts';
import { createDatabase, fill, nastyRows, readAll } from '../dump/databases.ts';
import { dump, origin, restore, rowLinesOf } from '../dump/dumps.ts';

// RDS is a MySQL, and the warehouse's own server a MariaDB. The tests' server is the former, and this the latter.

type Server = 'MySQL' | 'MariaDB';

const waitMaxMs = 10_000;
const servers = { MySQL: inject('database') } as Record<Server, DatabaseConfig>;
/** A database on each server that holds every nasty row. */
const filled = {} as Record<Server, DatabaseConfig>;
const onMysql: DatabaseConfig[] = [];
let folder: string;

async function create(server: Server): Promise<DatabaseConfig> {
  const config = await createDatabase(servers[server]);
  if (server === 'MySQL') onMysql.push(config);
  return config;
}

// The other server ends with these tests.
afterAll(async () => {
  for (const config of onMysql) await runSql(config, `drop database ${config.name}`);
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-between-'));
  return () => rm(folder, { recursive: true });
});
beforeAll(async () => {
  const mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
  servers.MariaDB = mariadb.config;
  return () => mariadb.stop();
});
beforeAll(async () => {
  for (const server of ['MySQL', 'MariaDB'] as const) {
    filled[server] = await create(server);
    await fill(filled[server], nastyRows());
  }
});

test.each([
  ['MySQL', 'MariaDB'],
  ['MariaDB', 'MySQL'],
] as const)(
  'a copy from %s to %s is the same, and a second one sends nothing',
  async (from, to) => {
    const warehouse = await create(to);
    await initializeSchema(warehouse, { existing: 'refuse', waitMaxMs });
    const copy = () =>
      copyDatabase(filled[from], warehouse, {
        withCredentials: true,
        maxRowsPerSecond: null,
        onProgress: () => undefined,
        signal: new AbortController().signal,
      });
    const { tables } = await copy();
    expect(await readAll(warehouse)).toEqual(await readAll(filled[from]));
    const again = await copy();
    expect(again.tables).toMatchObject(
      tables.map(({ table, rows, checksum }) => ({ table, rows, checksum, sent: 0, deleted: 0 })),
    );
  },
);

test.each([
  ['MySQL', 'MySQL'],
  ['MySQL', 'MariaDB'],
  ['MariaDB', 'MySQL'],
] as const)('a dump of %s that is restored into %s is the same', async (from, to) => {
  const target = await create(to);
  const bytes = await dump(filled[from]);
  const header = await restore(bytes, target);
  expect(await readAll(target)).toEqual(await readAll(filled[from]));
  expect(rowLinesOf(await dump(target))).toEqual(rowLinesOf(bytes));
  expect(header).toMatchObject({ ...origin, credentials: true, rows: { user: 3, follower: 3 } });
});

test.each(['MariaDB', 'MySQL'] as const)(
  'a database client restores a dump into %s, whatever the settings of its session',
  async (server) => {
    const client = findTool('mariadb', 'mariadb-client');
    const target = await create(server);
    await initializeSchema(target, { existing: 'refuse', waitMaxMs });
    const options = [
      '--no-defaults',
      '--protocol=tcp',
      `--host=${target.host}`,
      `--port=${target.port}`,
      `--user=${target.user}`,
      '--default-character-set=latin1',
      "--init-command=set sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
      target.name,
    ];
    const { status, stderr } = spawnSync(client, options, {
      input: gunzipSync(await dump(filled.MariaDB)),
      env: { MYSQL_PWD: target.password },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await readAll(target)).toEqual(await readAll(filled.MariaDB));
  },
);
