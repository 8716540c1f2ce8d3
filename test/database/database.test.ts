import { connect, createServer } from 'node:net';
import type { Connection } from 'mysql2/promise';
import { afterAll, expect, inject, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { listen } from '../support/listen.ts';
import { HANG_MS } from '../support/timeouts.ts';

const config = { ...inject('database'), poolSize: 2 };
const database = openDatabase(config);
afterAll(() => database.end());

test('parameters are named, and an array becomes a list', async () => {
  const rows = await database.select<{ n: number }>(
    'select n from (select 1 as n union select 2 union select 3) as numbers where n in (:ids) and n <> :not',
    { ids: [1, 3], not: 1 },
  );
  expect(rows).toEqual([{ n: 3 }]);
});

test('every connection has the same sql_mode', async () => {
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

test('an error has the statement without its values', async () => {
  const failure = database.select('select no_such_column, :password', { password: 'secret-value' });
  await expect(failure).rejects.toMatchObject({ sql: 'select no_such_column, :password' });
  await expect(failure).rejects.not.toHaveProperty(
    'message',
    expect.stringContaining('secret-value'),
  );
});

test('rejects with the code unavailable if the server cannot be reached or refuses the login', async () => {
  const port = await findFreePort();
  for (const wrong of [{ port }, { password: 'wrong' }, { host: 'nowhere.invalid' }]) {
    const unreachable = openDatabase({ ...config, ...wrong });
    await expect(unreachable.select('select 1')).rejects.toMatchObject({ code: 'unavailable' });
    await unreachable.end();
  }
});

test('rejects with the error of the server if a statement is wrong', async () => {
  await expect(database.select('selec')).rejects.toMatchObject({ errno: 1064 });
});

test('refuses statements at once if too many wait', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 150 }, () => database.select('select 1')),
  );
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const each of refused) expect(each).toMatchObject({ reason: { code: 'unavailable' } });
  expect(await database.select('select 1 as n')).toEqual([{ n: 1 }]);
});

test('withConnection retries while the server starts', async () => {
  // This server disconnects the first two clients, and forwards the third one to the database server.
  let calls = 0;
  const proxy = createServer((client) => {
    calls++;
    if (calls <= 2) return client.destroy();
    const real = connect(config.port, config.host);
    client.pipe(real).pipe(client);
    for (const socket of [client, real]) socket.on('error', () => socket.destroy());
    return undefined;
  });
  const port = await listen(proxy);
  const throughProxy = { ...config, port };

  const work = withConnection(throughProxy, { waitMaxMs: HANG_MS }, async () => 'done');
  await expect(work).resolves.toBe('done');
  expect(calls).toBe(3);
  proxy.close();
});

test('withConnection repeats the work from its beginning after the connection is lost', async () => {
  const calls: string[] = [];
  const work = withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    calls.push('started');
    if (calls.length === 1) await kill(connection);
    await connection.query('select 1');
    return 'done';
  });
  await expect(work).resolves.toBe('done');
  expect(calls).toEqual(['started', 'started']);
});

/** Kills a connection on the server. */
async function kill(connection: Connection): Promise<void> {
  await database.select('kill :id', { id: connection.threadId });
}

test('withConnection fails after connectTimeoutMs if the server sends no greeting', async () => {
  const silent = createServer();
  const port = await listen(silent);
  const retryOptions = { waitMaxMs: 100, connectTimeoutMs: 100 };
  const attempt = withConnection({ ...config, port }, retryOptions, async () => 'never');
  await expect(attempt).rejects.toThrow(/the server sends nothing$/);
  silent.close();
});

test('withConnection fails after waitMaxMs with one line', async () => {
  const port = await findFreePort();
  const attempt = withConnection({ ...config, port }, { waitMaxMs: 300 }, async () => 'never');
  await expect(attempt).rejects.toThrow(
    new RegExp(`^The database at .*:${port} did not respond within 0\\.3 s: .*ECONNREFUSED`),
  );
});
