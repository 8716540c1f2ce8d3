import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeEach, expect, test } from 'vitest';
import { prepareQuery, restrictToFiles } from '../../../src/warehouse/duckdb/restrict-to-files.ts';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "minitwit-o'duck-"));
  return () => rm(folder, { recursive: true });
});

/** Calls `work` with a DuckDB whose view `message` reads a file of three rows, the only file that it may read. */
async function withRestrictedDuckdb<T>(work: (duckdb: DuckDBConnection) => Promise<T>): Promise<T> {
  await writeFile(join(folder, 'secret.csv'), 'password\n1234\n');
  const file = join(folder, 'message.parquet');
  return withDuckdb(folder, async (duckdb) => {
    const quoted = `'${file.replaceAll("'", "''")}'`;
    await duckdb.run(
      `copy (select range as id, md5(range::varchar) as text from range(3)) to ${quoted}`,
    );
    await duckdb.run(`create view message as select * from read_parquet(${quoted})`);
    await restrictToFiles(duckdb, [file]);
    return work(duckdb);
  });
}

async function query(sql: string): Promise<unknown[][]> {
  return withRestrictedDuckdb(async (duckdb) => {
    const result = await (await prepareQuery(duckdb, sql)).run();
    return result.getRowsJson();
  });
}

/** Replaces FOLDER by the folder of the test. */
function inFolder(sql: string): string {
  return sql.replaceAll('FOLDER', folder.replaceAll("'", "''"));
}

test.each([
  ['select count(*) from message', [['3']]],
  ['with m as (from message limit 1) select id from m;', [['0']]],
  ['-- A comment.\nselect 1', [[1]]],
  ['select column_name from (describe message)', [['id'], ['text']]],
])('a query reads its files: %s', async (sql, rows) => {
  expect(await query(sql)).toEqual(rows);
});

test('`explain analyze` shows the plan of a query', async () => {
  expect(JSON.stringify(await query('explain analyze\nselect max(text) from message'))).toContain(
    '3 rows',
  );
});

test('a query that needs more memory than the limit moves data to the temporary folder', async () => {
  const sql = 'select count(distinct md5(range::varchar)) from range(3000000)';
  expect(await query(sql)).toEqual([['3000000']]);
});

test.each([
  ["select * from read_text('FOLDER/secret.csv')", /Permission Error/],
  ["select * from 'FOLDER/secret.csv'", /does not exist|Permission Error/],
  ["select * from read_csv('FOLDER/*.csv')", /Permission Error/],
  ["select * from read_parquet('FOLDER/../*/message.parquet')", /Permission Error/],
  ["select * from 'https://example.com/a.parquet'", /Permission Error/],
])('a query reads and writes no other file: %s', async (sql, message) => {
  await expect(query(inFolder(sql))).rejects.toThrow(message);
});

test.each([
  ["copy (select 1) to 'FOLDER/message.parquet'", /read only: .* COPY\.$/],
  ["explain analyze copy (select 1) to 'FOLDER/message.parquet'", /read only: .* COPY\.$/],
  ["/* */ explain analyze copy (select 1) to 'FOLDER/message.parquet'", /read only/],
  ["prepare p as copy (select 1) to 'FOLDER/message.parquet'", /read only: .* PREPARE\.$/],
  ["attach 'FOLDER/new.duckdb' as other", /read only: .* ATTACH\.$/],
  ["export database 'FOLDER/export'", /Permission Error/],
  ["set memory_limit = '1TB'", /read only/],
  ['install httpfs', /read only/],
  ['create table t as select 1', /read only/],
  ['drop view message', /read only/],
  ['select 1; select 2', /^Write one query\. This text has 2 statements\.$/],
  ['', /^Write a query\. This text has no statement\.$/],
  ['-- Only a comment.', /^Write a query\. This text has no statement\.$/],
])('a statement that is no query is refused: %s', async (sql, message) => {
  await expect(query(inFolder(sql))).rejects.toThrow(message);
  expect(await readdir(folder)).toEqual(['message.parquet', 'secret.csv']);
});

test('no statement can change a setting after the restriction', async () => {
  await withRestrictedDuckdb(async (duckdb) => {
    await expect(duckdb.run("set memory_limit = '1TB'")).rejects.toThrow(
      /configuration has been locked/,
    );
    await expect(duckdb.run('set enable_external_access = true')).rejects.toThrow(
      /configuration has been locked|cannot be changed/i,
    );
  });
});

test.each([
  "select * from enable_logging('QueryLog', storage = 'file', storage_path = 'FOLDER/log')",
  "select * from enable_profiling(format = 'json', save_location = 'FOLDER/profile.json')",
])('no function can change a setting after the restriction: %s', async (sql) => {
  await withRestrictedDuckdb(async (duckdb) => {
    await expect(
      prepareQuery(duckdb, inFolder(sql)).then((statement) => statement.run()),
    ).rejects.toThrow(/does not support the supplied arguments/);
    expect((await duckdb.runAndReadAll('select 1')).getRowsJson()).toEqual([[1]]);
  });
});
