import { randomBytes } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, inject } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { useCleanup } from './cleanup.ts';
import { HANG_MS } from './timeouts.ts';

/** Runs SQL statements on one connection. */
export async function runSql(config: DatabaseConfig, ...statements: string[]): Promise<void> {
  await withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    for (const statement of statements) await connection.query(statement);
  });
}

/** Creates an empty database for the tests of this file. */
export function useEmptyDatabase(): DatabaseConfig {
  const server = inject('database');
  const name = `minitwit_${randomBytes(8).toString('hex')}`;
  const defer = useCleanup();
  beforeAll(async () => {
    await runSql(server, `create database ${name} character set utf8mb4`);
    defer(() => runSql(server, `drop database ${name}`));
  });
  return { ...server, name, poolSize: 5 };
}

/** Creates a database with MiniTwit's empty tables for the tests of this file. */
export function useDatabase(): { config: DatabaseConfig; database: Database } {
  const config = useEmptyDatabase();
  const database = openDatabase(config);
  useCleanup()(() => database.end());
  beforeAll(async () => {
    await initializeSchema(config, { existing: 'refuse', waitMaxMs: HANG_MS });
    if (inject('hasForeignKeys') === false) await dropForeignKeys(config);
  });
  return { config, database };
}

async function dropForeignKeys(config: DatabaseConfig): Promise<void> {
  await withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    const [keys] = await connection.query<RowDataPacket[]>(
      `select table_name as tableName, constraint_name as keyName
       from information_schema.referential_constraints
       where constraint_schema = database()`,
    );
    for (const { tableName, keyName } of keys) {
      await connection.query(`alter table ${tableName} drop foreign key ${keyName}`);
    }
  });
}
