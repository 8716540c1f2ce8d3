import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';

const config = useEmptyDatabase();
const waitMaxMs = 1000;

async function countUsers(): Promise<number> {
  const database = openDatabase(config);
  const rows = await database.select('select user_id from user');
  await database.end();
  return rows.length;
}

test('an empty database gets the tables', async () => {
  expect(await initializeSchema(config, { existing: 'refuse', waitMaxMs })).toBe(true);
  expect(await countUsers()).toBe(0);
});

test('empty tables are made anew', async () => {
  await runSql(config, 'alter table user add column old int');
  await initializeSchema(config, { existing: 'refuse', waitMaxMs });
  await expect(runSql(config, 'select old from user')).rejects.toThrow(/Unknown column/);
});

test('tables that are there are kept when asked', async () => {
  expect(await initializeSchema(config, { existing: 'keep', waitMaxMs })).toBe(false);
  await runSql(config, 'drop table message');
  expect(await initializeSchema(config, { existing: 'keep', waitMaxMs })).toBe(true);
});

test('tables with rows are named with their counts, and not changed', async () => {
  await runSql(
    config,
    `insert into user (username, email, pw_hash) values ('a', 'a', 'x'), ('b', 'b', 'x')`,
    'insert into follower (who_id, whom_id) select min(user_id), max(user_id) from user',
  );
  const attempt = initializeSchema(config, { existing: 'refuse', waitMaxMs });
  await expect(attempt).rejects.toThrow(
    /^Nothing was changed: these tables hold rows: user \(2\), follower \(1\)\. .*--force$/,
  );
  expect(await countUsers()).toBe(2);

  await runSql(config, 'drop table session');
  await expect(initializeSchema(config, { existing: 'keep', waitMaxMs })).rejects.toThrow(
    /user \(2\)/,
  );
  expect(await countUsers()).toBe(2);
});

test('they are replaced when that is asked', async () => {
  expect(await initializeSchema(config, { existing: 'replace', waitMaxMs })).toBe(true);
  expect(await countUsers()).toBe(0);
});
