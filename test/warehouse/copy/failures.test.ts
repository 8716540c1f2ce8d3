import { expect, onTestFinished, test } from 'vitest';
import type { Progress } from '../../../src/cli/progress-bar.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { runSql } from '../../support/database.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { changes, deleteRows, read, recreateTables, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const proxy = await startTcpProxy(source);

test('a copy continues where an interrupted one ended', async () => {
  const controller = new AbortController();
  const onProgress = ({ rows }: Progress) => {
    if (rows > 0) controller.abort(new Error('stopped'));
  };
  await expect(copy({ onProgress, signal: controller.signal })).rejects.toThrow('stopped');
  const { tables } = await copy();
  // The first of two ranges was copied before the stop.
  expect(changes(tables, 'user')).toEqual({ sent: 1, deleted: 0, rows: 4 });
});

test.each([
  ["MiniTwit's database", proxy.config, warehouse],
  ['The warehouse', source, { ...proxy.config, name: warehouse.name }],
])('a copy fails with the name of the database that is lost: %s', async (name, from, to) => {
  const copying = copy({ onProgress: proxy.disconnectAll }, from, to);
  await expect(copying).rejects.toThrow(new RegExp(`^${name} failed: `));
  expect(changes((await copy()).tables, 'user')).toMatchObject({ rows: 4 });
});

test('a copy fails when the source is lost while it sends the rows of two ranges', async () => {
  const ids = Array.from({ length: 25_000 }, (_, index) => index + 100);
  const rows = [...ids, ...ids.map((id) => 70_000 + id)].map((id) => [id, 1, `says ${id}`, 1]);
  await withConnection(source, { waitMaxMs: 10_000 }, (connection) =>
    connection.query('insert into message (message_id, author_id, text, pub_date) values :rows', {
      rows,
    }),
  );
  const onProgress = ({ table, sent = 0 }: Progress) => {
    if (table === 'message' && sent > 0) proxy.disconnectAll();
  };
  const copying = copy({ onProgress }, proxy.config);
  await expect(copying).rejects.toThrow(/^MiniTwit's database failed: /);
  expect(changes((await copy()).tables, 'message')).toMatchObject({ rows: 50_004 });
});

test('a limit of rows a second changes nothing but the duration', async () => {
  const { tables } = await copy({ maxRowsPerSecond: 1000 });
  expect(tables.map(({ rows }) => rows)).toEqual([4, 4, 3]);
  expect((await copy()).tables.map(({ sent }) => sent)).toEqual([0, 0, 0]);
});

test('a copy stops while it waits for its limit, and while a server is silent', async () => {
  const wait = new AbortController();
  const waiting = copy({ maxRowsPerSecond: 0.001, signal: wait.signal });
  wait.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');

  const silence = new AbortController();
  proxy.freeze();
  const silent = copy({ signal: silence.signal }, proxy.config);
  silence.abort(new Error('stopped'));
  await expect(silent).rejects.toThrow('stopped');
  proxy.resume();
});

test('a source without users is not copied over a warehouse with users', async () => {
  await copy();
  await deleteRows(source);
  await expect(copy()).rejects.toThrow("MiniTwit's database has no users, but the warehouse has");
  expect(await read(warehouse, 'select * from message')).toHaveLength(4);
  await deleteRows(warehouse);
  expect((await copy()).tables.map(({ rows }) => rows)).toEqual([0, 0, 0]);
});

test('a source that lacks a table fails with what to do', async () => {
  onTestFinished(() => recreateTables(source));
  await runSql(source, 'drop table follower');
  await expect(copy()).rejects.toThrow(/^MiniTwit's database failed: .*follower/);
});
