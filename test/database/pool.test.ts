import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { openConnection } from '../../src/database/open-connection.ts';
import { openPool, type Pool } from '../../src/database/pool.ts';
import { runSql } from '../support/database.ts';
import { listen } from '../support/listen.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { waitFor } from '../support/wait-for.ts';

const POOL_SIZE = 10;
const CONNECTION_LIMIT = 3;
const server = inject('administrator');

// Without an administrator, the tests cannot create users.
describe.skipIf(server === null)('a server that allows fewer connections than poolSize', () => {
  const administrator = { ...inject('database'), ...server };
  const user = `few_${randomBytes(6).toString('hex')}`;
  const config = { ...administrator, user, password: 'a password', poolSize: POOL_SIZE };
  const setConnectionLimit = (connections: number) =>
    runSql(administrator, `alter user '${user}'@'%' with max_user_connections ${connections}`);

  beforeEach(async () => {
    await runSql(
      administrator,
      `create user '${user}'@'%' identified by 'a password' with max_user_connections ${CONNECTION_LIMIT}`,
      `grant select on ${administrator.name}.* to '${user}'@'%'`,
    );
  });
  afterEach(() => runSql(administrator, `drop user '${user}'@'%'`));

  test('serves all requests, and more connections are opened after the limit was raised', async () => {
    const database = openDatabase(config);
    const query = () => database.select('select sleep(0.01) as n');
    const answers = await Promise.all(Array.from({ length: 100 }, query));
    expect(answers).toHaveLength(100);
    expect(database.state().pool).toMatchObject({ open: CONNECTION_LIMIT, used: 0, waiting: 0 });

    await setConnectionLimit(POOL_SIZE);
    await waitFor('the pool has grown', async () => {
      await Promise.all(Array.from({ length: 2 * POOL_SIZE }, query));
      return database.state().pool.open === POOL_SIZE;
    });
    await database.end();
  });

  test('serves requests in their order', async () => {
    const pool = openPoolTo(config);
    const order: number[] = [];
    const use = async (index: number) => {
      const connection = await pool.acquire();
      order.push(index);
      await new Promise((resolve) => connection.query('select sleep(0.005)', resolve));
      connection.release();
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => use(index)));
    expect(order).toEqual(Array.from({ length: 40 }, (_, index) => index));
    await pool.end();
  });

  test('makes requests wait while it allows no connection, and their error has its reason', async () => {
    const other = openPoolTo({ ...config, poolSize: CONNECTION_LIMIT });
    const taken = await Promise.all(
      Array.from({ length: CONNECTION_LIMIT }, () => other.acquire()),
    );
    const database = openDatabase(config);
    await expect(database.select('select 1')).rejects.toMatchObject({
      code: 'unavailable',
      cause: { errno: 1226 },
    });
    const waits = database.select('select 1 as n');
    for (const connection of taken) connection.destroy();
    for (const connection of taken) connection.release();
    expect(await waits).toEqual([{ n: 1 }]);
    await Promise.all([database.end(), other.end()]);
  });

  test('makes withConnection wait', async () => {
    const other = openPoolTo({ ...config, poolSize: CONNECTION_LIMIT });
    const taken = await Promise.all(
      Array.from({ length: CONNECTION_LIMIT }, () => other.acquire()),
    );
    let work: Promise<string> | undefined;
    await new Promise<unknown>((resolve) => {
      work = withConnection(config, { waitMaxMs: HANG_MS, onWait: resolve }, async () => 'done');
    });
    for (const connection of taken) connection.release();
    await other.end();
    expect(await work).toBe('done');
  });
});

test('an attempt to connect that hangs fails no later request', async () => {
  const config = inject('database');
  let calls = 0;
  // This server sends nothing to the second client.
  const silentOnce = createServer((client) => {
    calls++;
    if (calls === 2) return;
    const real = connect(config.port, config.host);
    client.pipe(real).pipe(client);
    for (const socket of [client, real]) socket.on('error', () => socket.destroy());
  });
  onTestFinished(() => void silentOnce.close());
  const port = await listen(silentOnce);
  const pool = openPoolTo({ ...config, port, poolSize: 2 });

  const first = await pool.acquire();
  const second = pool.acquire();
  first.release();
  expect(await second).toBe(first);
  const third = await pool.acquire();
  expect(calls).toBe(3);
  first.release();
  third.release();
  await pool.end();
});

test('a connection that is released twice serves one request', async () => {
  const pool = openPoolTo({ ...inject('database'), poolSize: 2 });
  const connection = await pool.acquire();
  connection.release();
  connection.release();
  const [first, second] = await Promise.all([pool.acquire(), pool.acquire()]);
  expect(first).not.toBe(second);
  expect(pool.state()).toMatchObject({ open: 2, used: 2 });
  first.release();
  second.release();
  await pool.end();
});

test('a destroyed connection is not used again', async () => {
  const pool = openPoolTo({ ...inject('database'), poolSize: 1 });
  const connection = await pool.acquire();
  connection.destroy();
  connection.release();
  const next = await pool.acquire();
  expect(next).not.toBe(connection);
  await expect(
    new Promise((resolve, reject) =>
      next.query('select 1', (error, rows) => (error ? reject(error) : resolve(rows))),
    ),
  ).resolves.toHaveLength(1);
  next.release();
  await pool.end();
});

test('a pool that is closed waits for the connections in use, and refuses requests', async () => {
  const pool = openPoolTo({ ...inject('database'), poolSize: 1 });
  const connection = await pool.acquire();
  const waiting = pool.acquire();
  const ended = pool.end();
  await expect(waiting).rejects.toThrow('The pool is closed.');
  await expect(pool.acquire()).rejects.toThrow('The pool is closed.');
  connection.release();
  await ended;
  expect(pool.state()).toMatchObject({ open: 0, used: 0 });
});

function openPoolTo(config: DatabaseConfig): Pool {
  return openPool(config.poolSize, () => openConnection(config));
}
