import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const POOL_SIZE = 3;
const TRY_AGAIN = /^MiniTwit cannot answer at this moment/;
const FATE_UNKNOWN = /may have been stored or not/;

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

/** Runs statements of its own on a connection of the pool, which has it back afterwards. */
async function onConnection(...statements: string[]): Promise<void> {
  const connection = await database.acquire();
  for (const sql of statements) {
    await new Promise<void>((resolve, reject) => {
      connection.query(sql, (error) => (error ? reject(error) : resolve()));
    });
  }
  connection.release();
}

test('idle connections that ended are not used: nobody notices', async () => {
  await Promise.all([database.select('select 1'), database.select('select 2')]);
  proxy.disconnectAll();
  expect(await database.select('select 3 as n')).toEqual([{ n: 3 }]);
  await insert('after a cut');
  expect(await count('after a cut')).toBe(1);
});

test('a read whose connection ends is read again', async () => {
  const sql = 'select sleep(0.5) as n';
  // The next request on an open connection is the statement.
  await database.select('select 1');
  const isCut = proxy.disconnectAfterNextRequest();
  expect(await database.select(sql)).toEqual([{ n: 0 }]);
  await isCut;
});

test('a write whose connection ends is not written again, and its fate is told', async () => {
  const sql = `insert into user (username, email, pw_hash) select 'cut', sleep(1), ''`;
  // The next request on an open connection is the statement.
  await database.select('select 1');
  const isCut = proxy.disconnectAfterNextRequest();
  await expect(database.execute(sql)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(FATE_UNKNOWN),
  });
  await isCut;
});

test('a server that hangs keeps nobody waiting, and serves when it goes on', async () => {
  await database.select('select 1');
  proxy.freeze();
  const answers = await Promise.allSettled([
    insert('hung'),
    ...Array.from({ length: 20 }, () => database.select('select 1')),
  ]);
  const [written, ...read] = answers.map((answer) =>
    answer.status === 'rejected' ? (answer.reason as Error).message : 'served',
  );
  expect(written).toMatch(FATE_UNKNOWN);
  for (const message of read) expect(message).toMatch(TRY_AGAIN);
  expect(proxy.connections()).toBeLessThanOrEqual(POOL_SIZE);
  proxy.resume();
  expect(await database.select('select 1 as n')).toEqual([{ n: 1 }]);
  await insert('thawed');
  expect(await count('thawed')).toBe(1);
});

test('a server that says nothing to whoever connects keeps nobody waiting', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const nobody = openDatabase({ ...config, port });
  await expect(nobody.select('select 1')).rejects.toThrow(TRY_AGAIN);
  await nobody.end();
  silent.close();
});

test('whoever finds every connection in use waits, but not for ever', async () => {
  const long = Array.from({ length: POOL_SIZE }, () => database.select('select sleep(3)'));
  // Asks in the same moment: its 2 s begin before any of the 3 s.
  await expect(database.select('select 1')).rejects.toMatchObject({
    code: 'unavailable',
    cause: { message: 'no connection within 2 s' },
  });
  await Promise.allSettled(long);
  expect(database.state()).toMatchObject({ used: 0, waiting: 0 });
});

test('a server that became a replica is left: the write is done on a new connection', async () => {
  await onConnection('set session transaction read only');
  await insert('after a failover');
  expect(await count('after a failover')).toBe(1);
});

test('a write that waits for a table that is being changed is given up on the server as well', async () => {
  const other = await direct.acquire();
  await new Promise((resolve) => other.query('lock tables user write', resolve));
  await expect(insert('locked out')).rejects.toThrow(TRY_AGAIN);
  await new Promise((resolve) => other.query('unlock tables', resolve));
  other.release();
  await database.select('select 1 from user limit 1');
  expect(await count('locked out')).toBe(0);
});

test('the victim of a deadlock is written again', async () => {
  const names = ['a', 'b', ...Array.from({ length: 50 }, (_, index) => `heavy ${index}`)];
  for (const name of names) await insert(name);
  const heavy = await direct.acquire();
  const run = (sql: string) =>
    new Promise((resolve, reject) => {
      heavy.query(sql, (error, result) => (error ? reject(error) : resolve(result)));
    });
  await run('begin');
  await run(`update user set email = 'x' where username like 'heavy %' or username = 'a'`);
  const victim = database.execute(
    `update user set email = 'y' where username in ('a', 'b') order by username desc`,
  );
  await waitFor('it waits for the lock', async () => {
    const sql = `select 1 from information_schema.processlist where info like 'update user set email = ''y''%'`;
    return (await direct.select(sql)).length > 0;
  });
  await run(`update user set email = 'x' where username = 'b'`);
  await run('commit');
  heavy.release();
  expect(await victim).toMatchObject({ affectedRows: 2 });
});

test('a statement that takes too long is ended on the server as well', async () => {
  const slow = `select count(*) from information_schema.collations a, information_schema.collations b, information_schema.collations c, information_schema.collations d`;
  await expect(database.select(slow)).rejects.toThrow(TRY_AGAIN);
  const sql = `select id from information_schema.processlist where info like 'select count(*) from information_schema%'`;
  await waitFor('the server has ended it', async () => (await direct.select(sql)).length === 0);
});
