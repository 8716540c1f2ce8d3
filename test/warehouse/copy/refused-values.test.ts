import { expect, onTestFinished, test } from 'vitest';
import { runSql } from '../../support/database.ts';
import { read, recreateTables, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();

test.each([
  [
    'a text that is too long',
    'alter table message modify text text not null',
    "update message set text = repeat('x', 3000) where message_id = 40",
    /^The value is longer than the column of the warehouse: message\.text of the row with message_id 40\. Correct/,
  ],
  [
    'a number that is too large',
    'alter table message modify pub_date bigint not null',
    'update message set pub_date = 5000000000 where message_id = 40',
    /^The number does not fit into the column of the warehouse: message\.pub_date of the row with message_id 40\. Correct/,
  ],
  [
    'a null',
    'alter table message modify text varchar(2800) null',
    'update message set text = null where message_id = 40',
    /^The value is null, and the column of the warehouse allows no null: message\.text of the row with message_id 40\. Correct/,
  ],
])('%s is refused with its table, column and key', async (_, alter, update, message) => {
  onTestFinished(() => recreateTables(source));
  await runSql(source, alter, update);
  await expect(copy()).rejects.toThrow(message);
  expect(await read(warehouse, 'select * from message where message_id < 65536')).toEqual([]);
});

test('a source with a text in another character set is refused before anything is copied', async () => {
  onTestFinished(() => recreateTables(source));
  await runSql(source, 'alter table message convert to character set latin1');
  await expect(copy()).rejects.toThrow(
    /^MiniTwit's database stores message\.text in the character set latin1\. The copy needs utf8mb4\. To convert the column, run `alter table message convert to character set utf8mb4` there\.$/,
  );
  expect(await read(warehouse, 'select * from user')).toEqual([]);
});
