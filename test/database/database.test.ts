import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Connection } from 'mysql2/promise';
import { afterAll, expect, inject, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { HANG_MS } from '../support/timeouts.ts';

const config = { ...inject('database'), poolSize: 2 };
const database = openDatabase(config);
afterAll(() => database.end());

test('parameters have names; an array is a list', async () => {
  const rows = await database.select<{ n: number }>(
    'select n from (select 1 as n union select 2 union select 3) as numbers where n in (:ids) and n <> :not',
    { ids: [1, 3], not: 1 },
  );
  expect(rows).toEqual([{ n: 3 }]);
});

test('every connection has the same strict rules, whatever the server', async () => {
  const modes = await Promise.all(
    [1, 2].map(() => database.select<{ mode: string }>('select @@sql_mode as mode')),
  );
  for (const [row] of modes) {
    expect(row?.mode.split(',')).toEqual(
      expect.arrayContaining(['STRICT_ALL_TABLES', 'ONLY_FULL_GROUP_BY']),
    );
    expect(row?.mode).not.toContain('NO_BACKSLASH_ESCAPES');
  }
});

test('an error carries the query, but none of its values', async () => {
  const failure = database.select('select no_such_column, :password', { password: 'tell-nobody' });
  await expect(failure).rejects.toMatchObject({ sql: 'select no_such_column, :password' });
  await expect(failure).rejects.not.toHaveProperty(
    'message',
    expect.stringContaining('tell-nobody'),
  );
});

test('a server that cannot be reached, or lets nobody in, is unavailable', async () => {
  const port = await findFreePort();
  for (const wrong of [{ port }, { password: 'wrong' }, { host: 'nowhere.invalid' }]) {
    const unreachable = openDatabase({ ...config, ...wrong });
    await expect(unreachable.select('select 1')).rejects.toMatchObject({ code: 'unavailable' });
    await unreachable.end();
  }
});

test('a wrong query is not mistaken for a missing server', async () => {
  await expect(database.select('selec')).rejects.toMatchObject({ errno: 1064 });
});

test('more queries than can wait are refused at once', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 150 }, () => database.select('select 1')),
  );
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const each of refused) expect(each).toMatchObject({ reason: { code: 'unavailable' } });
  expect(await database.select('select 1 as n')).toEqual([{ n: 1 }]);
});

test('work that needs a connection is tried again while the server starts', async () => {
  // A server that hangs up on the first two callers, and passes the third on to the real one.
  let calls = 0;
  const proxy = createServer((caller) => {
    calls++;
    if (calls <= 2) return caller.destroy();
    const real = connect(config.port, config.host);
    caller.pipe(real).pipe(caller);
    for (const socket of [caller, real]) socket.on('error', () => socket.destroy());
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const throughGate = { ...config, port };

  const works = withConnection(throughGate, { waitMaxMs: HANG_MS }, async () => 'done');
  await expect(works).resolves.toBe('done');
  expect(calls).toBe(3);
  proxy.close();
});

test('work that loses its connection is done again from its beginning', async () => {
  const done: string[] = [];
  const work = withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    done.push('begun');
    if (done.length === 1) await kill(connection);
    await connection.query('select 1');
    return 'done';
  });
  await expect(work).resolves.toBe('done');
  expect(done).toEqual(['begun', 'begun']);
});

/** Cuts a connection as an administrator does, on the server. */
async function kill(connection: Connection): Promise<void> {
  await database.select('kill :id', { id: connection.threadId });
}

test('a server that says nothing is given up', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const patience = { waitMaxMs: 100, connectTimeoutMs: 100 };
  const attempt = withConnection({ ...config, port }, patience, async () => 'never');
  await expect(attempt).rejects.toThrow(/the server fell silent$/);
  silent.close();
});

test('work is given up in time, in one line', async () => {
  const port = await findFreePort();
  const attempt = withConnection({ ...config, port }, { waitMaxMs: 300 }, async () => 'never');
  await expect(attempt).rejects.toThrow(
    new RegExp(`^The database at .*:${port} did not serve within 0\\.3 s: .*ECONNREFUSED`),
  );
});
