import { expect, onTestFinished, test } from 'vitest';
import { runSql } from '../../support/database.ts';
import { createDatabase } from '../dump/databases.ts';
import { dump, restore } from '../dump/dumps.ts';
import { changes, read, recreateTables, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();

// 0, 2^53 + 1, 2^63 - 1, 2^63, 2^64 - 2 and 2^64 - 1. A number of JavaScript cannot hold most of them.
const LIMITS = [
  '0',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551614',
  '18446744073709551615',
];
const MESSAGES = 'select cast(message_id as char), text from message order by message_id';

async function insertLimits(): Promise<void> {
  const rows = LIMITS.map((id) => `(${id}, 1, 'says ${id}', 1700000000)`);
  await runSql(
    source,
    "set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    'delete from message',
    `insert into message (message_id, author_id, text, pub_date) values ${rows.join(', ')}`,
  );
}

test('ids from 0 to 2^64 - 1 are copied and verified', async () => {
  await insertLimits();
  expect(changes((await copy()).tables, 'message')).toEqual({ sent: 6, deleted: 0, rows: 6 });
  expect(await read(warehouse, MESSAGES)).toEqual(LIMITS.map((id) => [id, `says ${id}`]));
  expect(changes((await copy()).tables, 'message')).toEqual({ sent: 0, deleted: 0, rows: 6 });
});

test.each(LIMITS)('a message with the id %s that changes or is deleted is noticed', async (id) => {
  await insertLimits();
  await copy();
  await runSql(source, `update message set text = 'changed' where message_id = ${id}`);
  const { tables } = await copy({ proveAll: true });
  expect(changes(tables, 'message')).toEqual({ sent: 1, deleted: 1, rows: 6 });
  expect(await read(warehouse, MESSAGES)).toContainEqual([id, 'changed']);
  await runSql(source, `delete from message where message_id = ${id}`);
  expect(changes((await copy()).tables, 'message')).toEqual({ sent: 0, deleted: 1, rows: 5 });
  expect(await read(warehouse, MESSAGES)).toEqual(await read(source, MESSAGES));
});

test('ids up to 2^64 - 1 are dumped and restored', async () => {
  await insertLimits();
  await copy();
  const target = await createDatabase(source);
  onTestFinished(() => runSql(target, `drop database ${target.name}`));
  await restore(await dump(warehouse), target);
  expect(await read(target, MESSAGES)).toEqual(await read(source, MESSAGES));
});

test('a negative key is refused by name before anything is copied', async () => {
  onTestFinished(() => recreateTables(source));
  await runSql(
    source,
    'alter table message modify message_id bigint not null',
    "insert into message (message_id, author_id, text, pub_date) values (-5, 1, 'before', 1)",
  );
  await expect(copy()).rejects.toThrow(
    /^MiniTwit's database has a row in message with message_id -5\. Nothing was copied/,
  );
  expect(await read(warehouse, 'select user_id from user')).toEqual([]);
});

test('a key whose range has a number above 2^53 is refused by name', async () => {
  onTestFinished(() => recreateTables(source));
  await runSql(
    source,
    'alter table follower drop foreign key follower_who, modify who_id bigint unsigned not null',
    'insert into follower (who_id, whom_id) values (18446744073709551615, 1)',
  );
  await expect(copy()).rejects.toThrow(
    'The row in follower with who_id 18446744073709551615 cannot be copied: the key is too large.',
  );
});

test('a row of the warehouse outside of all ranges fails the comparison of the whole tables', async () => {
  onTestFinished(() => recreateTables(warehouse));
  await runSql(
    warehouse,
    'set foreign_key_checks = 0',
    'alter table message modify message_id bigint not null',
    "insert into message (message_id, author_id, text, pub_date) values (-70000, 1, 'before', 1)",
  );
  await expect(copy()).rejects.toThrow(
    /^The table message differs after the copy: MiniTwit's database has 4 rows with message_id 1 to 70000, and the warehouse 5 rows with message_id -70000 to 70000\./,
  );
});
