import { expect, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const config = useEmptyDatabase();
const waitMaxMs = HANG_MS;

async function countUsers(): Promise<number> {
  const database = openDatabase(config);
  const rows = await database.select('select user_id from user');
  await database.end();
  return rows.length;
}

test('an empty database gets the tables', async () => {
  const all = ['user', 'message', 'follower', 'profile', 'session', 'rate_limit'];
  expect(await initializeSchema(config, { existing: 'refuse', waitMaxMs })).toEqual(all);
  expect(await countUsers()).toBe(0);
});

test('empty tables are made anew', async () => {
  await runSql(config, 'alter table user add column old int');
  await initializeSchema(config, { existing: 'refuse', waitMaxMs });
  await expect(runSql(config, 'select old from user')).rejects.toThrow(/Unknown column/);
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
});

test('tables that are there are kept when asked, and those that are missing are added', async () => {
  // they were stored without profiles
  expect(await initializeSchema(config, { existing: 'keep', waitMaxMs })).toEqual(['profile']);
  expect(await initializeSchema(config, { existing: 'keep', waitMaxMs })).toEqual([]);
  await runSql(config, 'drop table session, rate_limit');
  const added = ['session', 'rate_limit'];
  expect(await initializeSchema(config, { existing: 'keep', waitMaxMs })).toEqual(added);
  expect(await countUsers()).toBe(2);
});

test('of several who make missing tables at once, one does', async () => {
  await runSql(config, 'drop table session, rate_limit');
  const attempts = Array.from({ length: 4 }, () =>
    initializeSchema(config, { existing: 'keep', waitMaxMs }),
  );
  expect((await Promise.all(attempts)).filter(({ length }) => length > 0)).toHaveLength(1);
});

test('who waits for another for too long gives up', async () => {
  await withConnection(config, { waitMaxMs }, async (other) => {
    // The server may still be ending a connection that held it.
    const name = `sha2('minitwit schema ${config.name}', 224)`;
    await other.query(`select get_lock(${name}, ${HANG_MS / 1000})`);
    await expect(initializeSchema(config, { existing: 'keep', waitMaxMs: 0 })).rejects.toThrow(
      /^Somebody else has been changing the tables/,
    );
  });
});

test('they are replaced when that is asked', async () => {
  await initializeSchema(config, { existing: 'replace', waitMaxMs });
  expect(await countUsers()).toBe(0);
});
