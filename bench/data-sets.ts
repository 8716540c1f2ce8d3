import { readFile } from 'node:fs/promises';
import { hash } from 'bcryptjs';
import type { Connection } from 'mysql2/promise';
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
export async function createDataSet(server: DatabaseServer, name: SizeName): Promise<DataSet> {
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
  const withOriginal = name !== 'L';
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

async function copyFrom(ours: string, connection: Connection): Promise<void> {
  const statements = [
    ...splitStatements(await readFile(ORIGINAL_SCHEMA, 'utf8')),
    `create table session like ${ours}.session`,
    `create table rate_limit like ${ours}.rate_limit`,
    `create table totp like ${ours}.totp`,
    `insert into user (user_id, username, email, pw_hash)
     select user_id, username, email, pw_hash from ${ours}.user order by user_id`,
    `insert into follower (who_id, whom_id)
     select who_id, whom_id from ${ours}.follower order by who_id, whom_id`,
    `insert into message (message_id, author_id, text, pub_date)
     select message_id, author_id, text, pub_date from ${ours}.message order by message_id`,
    `insert into session select * from ${ours}.session`,
  ];
  for (const statement of statements) await connection.query(statement);
  await analyze(connection, TABLES);
}

async function analyze(connection: Connection, tables: string[]): Promise<void> {
  await connection.query(`analyze table ${tables.join(', ')}`);
}
