import { beforeAll, expect, test } from 'vitest';
import { openDatabase, type Statements } from '../../src/database/database.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const { config, database: direct } = useDatabase();
const proxy = await startTcpProxy(config);
const database = openDatabase({ ...proxy.config, poolSize: 1 });
// A server that understands everything but `commit`.
const failing = await startTcpProxy(config, { rewrite: [/\bcommit/g, 'comzit'] });
const uncommitted = openDatabase({ ...failing.config, poolSize: 1 });
const defer = useCleanup();
defer(() => database.end());
defer(() => uncommitted.end());

beforeAll(() =>
  runSql(config, 'create table thing (name varchar(50) primary key) engine = InnoDB'),
);

const add = (statements: Statements, name: string) =>
  statements.execute('insert into thing (name) values (:name)', { name });

const isThere = async (name: string) =>
  (await direct.select('select 1 from thing where name = :name', { name })).length > 0;

test('all is done, and the work’s result comes back', async () => {
  const result = await database.transact(async (statements) => {
    await add(statements, 'first');
    await add(statements, 'second');
    return statements.select('select name from thing order by name');
  });
  expect(result).toEqual([{ name: 'first' }, { name: 'second' }]);
  expect(await isThere('second')).toBe(true);
});

test('others see nothing of it before it is done', async () => {
  await database.transact(async (statements) => {
    await add(statements, 'unseen');
    expect(await isThere('unseen')).toBe(false);
  });
  expect(await isThere('unseen')).toBe(true);
});

test('a statement that is wrong undoes all, and its connection is free of it', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'undone');
    await add(statements, 'first');
  });
  await expect(attempt).rejects.toMatchObject({ errno: 1062 });
  // on the only connection
  await add(database, 'afterwards');
  expect(await isThere('undone')).toBe(false);
  expect(await isThere('afterwards')).toBe(true);
});

test('work that thinks better of it undoes all', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'regretted');
    throw new Error('better not');
  });
  await expect(attempt).rejects.toThrow('better not');
  expect(await isThere('regretted')).toBe(false);
});

test('when its connection ends before the commit, it is done again from its beginning', async () => {
  let times = 0;
  await database.transact(async (statements) => {
    await add(statements, 'once');
    if (times++ === 0) proxy.disconnectAll();
    await add(statements, 'and for all');
  });
  expect(times).toBe(2);
  expect(await isThere('and for all')).toBe(true);
});

test('when there is no answer before the commit, it is certain that nothing was done', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'silent');
    proxy.freeze();
    await add(statements, 'as well');
  });
  await expect(attempt).rejects.toThrow(/^MiniTwit cannot answer at this moment/);
  proxy.resume();
  expect(await isThere('silent')).toBe(false);
});

test('when there is no answer to the commit, nobody knows', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'who knows');
    proxy.freeze();
  });
  await expect(attempt).rejects.toThrow(/may have been stored or not/);
  proxy.resume();
});

test('after any other error of a commit the outcome is unknown, and it is not done again', async () => {
  let times = 0;
  const attempt = uncommitted.transact(async (statements) => {
    times++;
    await add(statements, 'uncommitted');
  });
  await expect(attempt).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/may have been stored or not/),
    cause: { errno: 1064 },
  });
  expect(times).toBe(1);
  // The connection that has the open transaction is not used again.
  expect(await uncommitted.select("select 1 from thing where name = 'uncommitted'")).toEqual([]);
});

test('the victim of a deadlock is done again', async () => {
  const other = openDatabase({ ...config, poolSize: 1 });
  const touch = (statements: Statements, name: string) =>
    statements.select('select 1 from thing where name = :name for update', { name });
  let tries = 0;
  let meet = () => {};
  const met = new Promise<void>((resolve) => (meet = resolve));
  let waiting = 2;
  const work = (first: string, second: string) => async (statements: Statements) => {
    tries++;
    await touch(statements, first);
    if (--waiting === 0) meet();
    await met;
    await touch(statements, second);
  };
  await Promise.all([
    database.transact(work('first', 'second')),
    other.transact(work('second', 'first')),
  ]);
  expect(tries).toBe(3);
  await other.end();
});
