import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type DatabaseConfig, readDatabaseConfig } from '../../../src/config.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import { copyDatabase } from '../../../src/warehouse/copy/copy.ts';
import { REAL_MYSQL, type RealMysql, startRealMysql } from '../../support/real-mysql.ts';
import { createDatabase, createFilled, nastyRows, readAll } from '../dump/databases.ts';

const servers: Record<string, DatabaseConfig> = { MariaDB: inject('database') };
let mysql: RealMysql | null = null;

beforeAll(async () => {
  if (!existsSync(REAL_MYSQL)) return;
  mysql = await startRealMysql();
  servers.MySQL = readDatabaseConfig(mysql.settings);
});
afterAll(() => mysql?.stop());

test.for([
  // RDS, and the warehouse's own server
  ['MySQL', 'MariaDB'],
  ['MariaDB', 'MySQL'],
] as const)('what is copied from %s to %s is the same', async ([from, to], { skip }) => {
  const source = await createFilled(servers[from] ?? skip(), nastyRows());
  const warehouse = await createDatabase(servers[to] ?? skip());
  await initializeSchema(warehouse, { existing: 'refuse', waitMaxMs: 10_000 });
  const copy = () =>
    copyDatabase(source, warehouse, {
      withCredentials: true,
      maxRowsPerSecond: null,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
  const { tables } = await copy();
  expect(await readAll(warehouse)).toEqual(await readAll(source));
  const again = await copy();
  expect(again.tables).toEqual(tables.map((table) => ({ ...table, sent: 0, deleted: 0 })));
});
