import { expect, onTestFinished, test } from 'vitest';
import { withConnection } from '../../../src/database/with-connection.ts';
import type { Progress } from '../../../src/cli/progress-bar.ts';
import { runSql } from '../../support/database.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { changes, read, recreateTables, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const proxy = await startTcpProxy(source);

test('rows that are written during a copy are left to the next one', async () => {
  let writing: Promise<void> | undefined;
  const write = async () => {
    proxy.freeze();
    await runSql(
      source,
      "insert into message (message_id, author_id, text, pub_date) values (3, 1, 'meanwhile', 1700000003)",
    );
    proxy.resume();
  };
  const { tables } = await copy({ onProgress: () => void (writing ??= write()) }, proxy.config);
  await writing;
  expect(changes(tables, 'message')).toMatchObject({ sent: 4 });
  expect(changes((await copy()).tables, 'message')).toMatchObject({ rows: 5 });
});

test('a table that has been copied can be altered while others are copied', async () => {
  let altering: Promise<void> | undefined;
  const alter = async () => {
    proxy.freeze();
    await runSql(source, 'set lock_wait_timeout = 1', "alter table message comment = 'altered'");
    proxy.resume();
  };
  const onProgress = ({ table }: Progress) => {
    if (table === 'follower') altering ??= alter();
  };
  await copy({ onProgress }, proxy.config);
  await altering;
  expect(await read(source, "show table status like 'message'")).toMatchObject([
    expect.arrayContaining(['altered']),
  ]);
});

test('a failed batch rolls back the whole range', async () => {
  const rows = Array.from({ length: 25_000 }, (_, index) => [index + 1, 1, `says ${index}`, 1]);
  await withConnection(source, { waitMaxMs: 10_000 }, async (connection) => {
    await connection.query(
      'replace into message (message_id, author_id, text, pub_date) values :rows',
      { rows },
    );
  });
  // The row that does not fit is in the first batch. The source still has to send others, and the rows of another range.
  await runSql(source, `update message set text = '${'x'.repeat(50)}' where message_id = 1500`);
  onTestFinished(() => recreateTables(warehouse));
  await runSql(warehouse, 'alter table message modify text varchar(40) not null');
  await expect(copy()).rejects.toThrow(
    /^The value is longer than the column of the warehouse: message\.text of the row with message_id 1500\./,
  );
  const sql = 'select count(*) from message where message_id < 65536';
  expect(await read(warehouse, sql)).toEqual([[0]]);
  await runSql(warehouse, 'alter table message modify text varchar(2800) not null');
  // The row with the id 70000 is in another range, which may have been copied before.
  expect(changes((await copy()).tables, 'message')).toMatchObject({ deleted: 0, rows: 25_001 });
});

test('a range is sent again after a deadlock', async () => {
  const insert = (from: number, count: number) => ({
    sql: 'insert into message (message_id, author_id, text, pub_date) values :rows',
    values: { rows: Array.from({ length: count }, (_, index) => [from + index, 1, 'row', 1]) },
  });
  await withConnection(source, { waitMaxMs: 10_000 }, (connection) =>
    connection.query(insert(100, 15_000)),
  );
  const { promise: isHalfSent, resolve } = Promise.withResolvers<void>();
  const onProgress = ({ table, sent = 0 }: Progress) => {
    if (table === 'message' && sent >= 10_000) resolve();
  };
  const copied = await withConnection(warehouse, { waitMaxMs: 10_000 }, async (other) => {
    await other.query('set foreign_key_checks = 0');
    await other.query('begin');
    // The copy will wait for this row. The server rolls back the transaction with fewer rows.
    await other.query(insert(12_000, 1));
    await other.query(insert(10_000_000, 40_000));
    const copying = copy({ onProgress });
    await isHalfSent;
    await other.query(insert(100, 1));
    await other.query('rollback');
    return copying;
  });
  expect(changes(copied.tables, 'message')).toMatchObject({ rows: 15_004 });
});

test('rows that differ from the sent ones are rolled back', async () => {
  onTestFinished(() => recreateTables(warehouse));
  await runSql(warehouse, 'alter table message modify pub_date decimal(11, 1) not null');
  await expect(copy()).rejects.toThrow(
    /^The copy of message, message_id \d+ to \d+, differs from the rows that were sent/,
  );
  expect(await read(warehouse, 'select * from message')).toEqual([]);
});
