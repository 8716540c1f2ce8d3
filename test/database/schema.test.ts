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

test('creates all tables in an empty database', async () => {
  await initializeSchema(config, { existing: 'refuse', waitMaxMs });
  expect(await countUsers()).toBe(0);
});

test('replaces empty tables', async () => {
  await runSql(config, 'alter table user add column old int');
  await initializeSchema(config, { existing: 'refuse', waitMaxMs });
  await expect(runSql(config, 'select old from user')).rejects.toThrow(/Unknown column/);
});

test('refuse lists the tables that have rows, with their counts, and changes nothing', async () => {
  await runSql(
    config,
    `insert into user (username, email, pw_hash) values ('a', 'a', 'x'), ('b', 'b', 'x')`,
    'insert into follower (who_id, whom_id) select min(user_id), max(user_id) from user',
  );
  const attempt = initializeSchema(config, { existing: 'refuse', waitMaxMs });
  await expect(attempt).rejects.toThrow(
    /^Nothing was changed, because these tables have rows: user \(2\), follower \(1\)\. .*--force$/,
  );
  expect(await countUsers()).toBe(2);
});

test('fails after waitMaxMs while another process changes the tables', async () => {
  await withConnection(config, { waitMaxMs }, async (other) => {
    // An ended connection may still hold the lock for a moment.
    const name = `sha2('minitwit schema ${config.name}', 224)`;
    await other.query(`select get_lock(${name}, ${HANG_MS / 1000})`);
    await expect(initializeSchema(config, { existing: 'replace', waitMaxMs: 0 })).rejects.toThrow(
      /^Another process has been changing the tables/,
    );
  });
});

test('replace deletes all rows', async () => {
  await initializeSchema(config, { existing: 'replace', waitMaxMs });
  expect(await countUsers()).toBe(0);
});
