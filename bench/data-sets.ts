import { readFile } from 'node:fs/promises';
import { hash } from 'bcryptjs';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../src/config/config.ts';
import { initializeSchema } from '../src/database/schema.ts';
import { splitStatements } from '../src/database/split-statements.ts';
import { fillTables, SIZES, type SizeName } from './data.ts';
import { type DatabaseServer, withBenchConnection } from './databases.ts';

/** A filled database, and a second one with the same data in the tables of Flask's MiniTwit. */
export interface DataSet {
  name: SizeName;
  users: number;
  messages: number;
  ours: DatabaseConfig;
  /** Null for L, which is too large for the queries of Flask's MiniTwit. */
  original: DatabaseConfig | null;
}

/** The password of every user. */
export const PASSWORD = 'a password';

const SCHEMA = new URL('../schema.sql', import.meta.url);
const ORIGINAL_SCHEMA = new URL('original/schema.sql', import.meta.url);
const TABLES = ['user', 'follower', 'message', 'session'];

/** Creates and fills the databases of a size. */
export async function createDataSet(
  server: Pick<DatabaseServer, 'config'>,
  name: SizeName,
  { withOriginal = name !== 'L' } = {},
): Promise<DataSet> {
  const ours = { ...server.config, name: `minitwit_${name.toLowerCase()}` };
  const original = { ...server.config, name: `${ours.name}_original` };
  await createDatabase(server.config, ours.name);
  await initializeSchema(ours, { existing: 'refuse', waitMaxMs: 0 });
  const passwordHash = await hash(PASSWORD, 10);
  await withBenchConnection(ours, async (connection) => {
    await fillTables(connection, SIZES[name], passwordHash);
    await fillProfiles(connection);
    await analyze(connection, [...TABLES, 'profile']);
  });
  if (withOriginal) {
    await createDatabase(server.config, original.name);
    await withBenchConnection(original, (connection) => copyFrom(ours.name, connection));
  }
  return { name, ...SIZES[name], ours, original: withOriginal ? original : null };
}

async function createDatabase(config: DatabaseConfig, name: string): Promise<void> {
  await withBenchConnection(config, (connection) =>
    connection.query(`create database ${name} character set utf8mb4`),
  );
}

/** Runs the statement of schema.sql that fills `profile` when an older database is updated. */
async function fillProfiles(connection: Connection): Promise<void> {
  const statements = splitStatements(await readFile(SCHEMA, 'utf8'));
  for (const statement of statements.filter((each) => each.startsWith('insert into profile'))) {
    await connection.query(statement);
  }
}

/** Creates the tables of Flask's MiniTwit, and copies their rows and all other tables from the application's database. */
async function copyFrom(ours: string, connection: Connection): Promise<void> {
  const statements = [
    ...splitStatements(await readFile(ORIGINAL_SCHEMA, 'utf8')),
    `insert into user (user_id, username, email, pw_hash)
     select user_id, username, email, pw_hash from ${ours}.user order by user_id`,
    `insert into follower (who_id, whom_id)
     select who_id, whom_id from ${ours}.follower order by who_id, whom_id`,
    `insert into message (message_id, author_id, text, pub_date)
     select message_id, author_id, text, pub_date from ${ours}.message order by message_id`,
  ];
  for (const statement of statements) await connection.query(statement);
  for (const table of await listMissingTables(ours, connection)) {
    await connection.query(`create table ${table} like ${ours}.${table}`);
    await connection.query(`insert into ${table} select * from ${ours}.${table}`);
  }
  await analyze(connection, TABLES);
}

/** Lists the tables of the application's database that this one lacks. */
async function listMissingTables(ours: string, connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `select table_name as name
     from information_schema.tables
     where table_schema = :ours and table_name not in (
       select table_name from information_schema.tables where table_schema = database()
     )`,
    { ours },
  );
  return rows.map(({ name }) => String(name));
}

async function analyze(connection: Connection, tables: string[]): Promise<void> {
  await connection.query(`analyze table ${tables.join(', ')}`);
}
