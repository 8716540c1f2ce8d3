import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { OUTCOME_UNKNOWN, TRY_AGAIN } from '../../src/database/outage-error.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { listen } from '../support/listen.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { waitFor } from '../support/wait-for.ts';

const POOL_SIZE = 3;

const { config, database: direct } = useDatabase();
const proxy = await startTcpProxy(config);
const database = openDatabase({ ...proxy.config, poolSize: POOL_SIZE });
useCleanup()(() => database.end());

const insert = (name: string) =>
  database.execute(`insert into user (username, email, pw_hash) values (:name, 'a@b', '')`, {
    name,
  });

const count = async (name: string) => {
  const sql = 'select count(*) as total from user where username = :name';
  const [row] = await direct.select<{ total: number }>(sql, { name });
  return row?.total;
};

test('statements succeed after all idle connections have ended', async () => {
  await Promise.all([database.select('select 1'), database.select('select 2')]);
  proxy.disconnectAll();
  expect(await database.select('select 3 as n')).toEqual([{ n: 3 }]);
  await insert('after a disconnect');
  expect(await count('after a disconnect')).toBe(1);
});

test('a read is repeated after its connection has ended', async () => {
  const sql = 'select sleep(0.5) as n';
  // The next request on an open connection is the statement.
  await database.select('select 1');
  const isDisconnected = proxy.disconnectAfterNextRequest();
  expect(await database.select(sql)).toEqual([{ n: 0 }]);
  await isDisconnected;
});

test('a write is not repeated after its connection has ended, and the error has an unknown outcome', async () => {
  const sql = `insert into user (username, email, pw_hash) select 'disconnected', sleep(1), ''`;
  // The next request on an open connection is the statement.
  await database.select('select 1');
  const isDisconnected = proxy.disconnectAfterNextRequest();
  await expect(database.execute(sql)).rejects.toMatchObject({
    code: 'unavailable',
    message: OUTCOME_UNKNOWN,
  });
  await isDisconnected;
});

test('statements fail in time while the server hangs, and succeed when it continues', async () => {
  await database.select('select 1');
  proxy.freeze();
  const answers = await Promise.allSettled([
    insert('hung'),
    ...Array.from({ length: 20 }, () => database.select('select 1')),
  ]);
  const [written, ...read] = answers.map((answer) =>
    answer.status === 'rejected' ? (answer.reason as Error).message : 'served',
  );
  expect(written).toBe(OUTCOME_UNKNOWN);
  for (const message of read) expect(message).toBe(TRY_AGAIN);
  expect(proxy.connections()).toBeLessThanOrEqual(POOL_SIZE);
  proxy.resume();
  expect(await database.select('select 1 as n')).toEqual([{ n: 1 }]);
  await insert('resumed');
  expect(await count('resumed')).toBe(1);
});

test('statements fail in time if the server sends no greeting', async () => {
  const silent = createServer();
  const port = await listen(silent);
  const unreachable = openDatabase({ ...config, port });
  await expect(unreachable.select('select 1')).rejects.toThrow(TRY_AGAIN);
  await unreachable.end();
  silent.close();
});

test('a request waits at most 2 s while all connections are in use', async () => {
  const long = Array.from({ length: POOL_SIZE }, () => database.select('select sleep(3)'));
  // This request starts at the same moment, so its 2 s end before the 3 s of the others.
  await expect(database.select('select 1')).rejects.toMatchObject({
    code: 'unavailable',
    cause: { message: 'no connection within 2 s' },
  });
  await Promise.allSettled(long);
  expect(database.state().pool).toMatchObject({ used: 0, waiting: 0 });
});

test('a write succeeds on a new connection after the server has become read-only', async () => {
  // The pool uses the connection that was released last.
  await database.execute('set session transaction read only');
  await insert('after a failover');
  expect(await count('after a failover')).toBe(1);
});

test('a write that waits for a locked table also ends on the server', async () => {
  await withConnection(config, { waitMaxMs: HANG_MS }, async (other) => {
    await other.query('lock tables user write');
    await expect(insert('locked out')).rejects.toThrow(TRY_AGAIN);
  });
  await database.select('select 1 from user limit 1');
  expect(await count('locked out')).toBe(0);
});

test('a write is repeated after a deadlock', async () => {
  const names = ['a', 'b', ...Array.from({ length: 50 }, (_, index) => `heavy ${index}`)];
  for (const name of names) await insert(name);
  await withConnection(config, { waitMaxMs: HANG_MS }, async (heavy) => {
    await heavy.query('begin');
    await heavy.query(
      `update user set email = 'x' where username like 'heavy %' or username = 'a'`,
    );
    const victim = database.execute(
      `update user set email = 'y' where username in ('a', 'b') order by username desc`,
    );
    await waitFor('the victim waits for the lock', async () => {
      const sql = `select 1 from information_schema.processlist where info like 'update user set email = ''y''%'`;
      return (await direct.select(sql)).length > 0;
    });
    await heavy.query(`update user set email = 'x' where username = 'b'`);
    await heavy.query('commit');
    expect(await victim).toMatchObject({ affectedRows: 2 });
  });
});

test('a statement that takes too long also ends on the server', async () => {
  const slow = `select count(*) from information_schema.collations a, information_schema.collations b, information_schema.collations c, information_schema.collations d`;
  await expect(database.select(slow)).rejects.toThrow(TRY_AGAIN);
  const sql = `select id from information_schema.processlist where info like 'select count(*) from information_schema%'`;
  await waitFor(
    'the server has ended the statement',
    async () => (await direct.select(sql)).length === 0,
  );
});
