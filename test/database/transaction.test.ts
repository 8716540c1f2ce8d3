import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { OUTCOME_UNKNOWN, TRY_AGAIN } from '../../src/database/outage-error.ts';
import type { Statements } from '../../src/database/statements.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const { config, database: direct } = useDatabase();
const proxy = await startTcpProxy(config);
const database = openDatabase({ ...proxy.config, poolSize: 1 });
// The server behind this proxy does not understand `commit`.
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

test('commits all statements, and returns the result of the work', async () => {
  const result = await database.transact(async (statements) => {
    await add(statements, 'first');
    await add(statements, 'second');
    return statements.select('select name from thing order by name');
  });
  expect(result).toEqual([{ name: 'first' }, { name: 'second' }]);
  expect(await isThere('second')).toBe(true);
});

test('other connections see no row before the commit', async () => {
  await database.transact(async (statements) => {
    await add(statements, 'unseen');
    expect(await isThere('unseen')).toBe(false);
  });
  expect(await isThere('unseen')).toBe(true);
});

test('rolls back if a statement fails, and the connection is usable afterwards', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'undone');
    await add(statements, 'first');
  });
  await expect(attempt).rejects.toMatchObject({ errno: 1062 });
  // The pool has only one connection.
  await add(database, 'afterwards');
  expect(await isThere('undone')).toBe(false);
  expect(await isThere('afterwards')).toBe(true);
});

test('rolls back if the work throws', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'rolled back');
    throw new Error('the work failed');
  });
  await expect(attempt).rejects.toThrow('the work failed');
  expect(await isThere('rolled back')).toBe(false);
});

test('repeats the work if the connection ends before the commit', async () => {
  let times = 0;
  await database.transact(async (statements) => {
    await add(statements, 'once');
    if (times++ === 0) proxy.disconnectAll();
    await add(statements, 'also once');
  });
  expect(times).toBe(2);
  expect(await isThere('also once')).toBe(true);
});

test('nothing was stored if the server hangs before the commit', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'before a hang');
    proxy.freeze();
    await add(statements, 'after a hang');
  });
  await expect(attempt).rejects.toThrow(TRY_AGAIN);
  proxy.resume();
  expect(await isThere('before a hang')).toBe(false);
});

test('the outcome is unknown if the server hangs in the commit', async () => {
  const attempt = database.transact(async (statements) => {
    await add(statements, 'unknown');
    proxy.freeze();
  });
  await expect(attempt).rejects.toThrow(OUTCOME_UNKNOWN);
  proxy.resume();
});

test('the outcome of any other error of the commit is unknown, and the work is not repeated', async () => {
  let times = 0;
  const attempt = uncommitted.transact(async (statements) => {
    times++;
    await add(statements, 'uncommitted');
  });
  await expect(attempt).rejects.toMatchObject({
    code: 'unavailable',
    message: OUTCOME_UNKNOWN,
    cause: { errno: 1064 },
  });
  expect(times).toBe(1);
  // The connection that has the open transaction is not used again.
  expect(await uncommitted.select("select 1 from thing where name = 'uncommitted'")).toEqual([]);
});

test('repeats the work after a deadlock', async () => {
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
