import { readFile } from 'node:fs/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { splitStatements } from '../../src/database/split-statements.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { runSql } from './database.ts';
import { HANG_MS } from './timeouts.ts';

const [DROP_TABLES = ''] = splitStatements(await readFile('schema.sql', 'utf8'));
const TABLES = DROP_TABLES.replace('drop table if exists', '').split(',');

/** Drops all tables of MiniTwit. */
export async function dropTables(config: DatabaseConfig): Promise<void> {
  await runSql(config, DROP_TABLES);
}

/** Drops all tables and the record of the migrations. */
export async function dropTablesAndRecord(config: DatabaseConfig): Promise<void> {
  await runSql(config, `${DROP_TABLES}, schema_version, schema_step`);
}

/** Replaces all tables with those of 1.8.0, without a record of migrations. */
export async function createTablesOf18(config: DatabaseConfig): Promise<void> {
  const sql = await readFile('migrations/001.do.tables.sql', 'utf8');
  await dropTablesAndRecord(config);
  await runSql(config, ...splitStatements(sql));
}

/** Returns the definition of each table, and the recorded migrations. */
export async function readSchema(config: DatabaseConfig): Promise<string[]> {
  return withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    const definitions = await Promise.all(
      TABLES.map(async (table) => {
        const [rows] = await connection.query<RowDataPacket[]>(`show create table ${table}`);
        return String(rows[0]?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, '');
      }),
    );
    const [versions] = await connection.query<RowDataPacket[]>(
      'select version, name, md5 from schema_version order by version',
    );
    return [...definitions, JSON.stringify(versions)];
  });
}
