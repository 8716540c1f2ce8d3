import { expect, inject, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { databaseSettings, startProgram } from '../support/programs.ts';
import { HANG_MS } from '../support/timeouts.ts';

const config = inject('database');
// A proxy may change variables, and servers differ in the variables that they have.
const changing = await startTcpProxy(config, { rewrite: ['autocommit = 1', 'autocommit = 0'] });
const refusing = await startTcpProxy(config, { rewrite: ['completion_type', 'completion_typo'] });

const CASES = [
  [
    'has another value than MiniTwit has set',
    changing.config,
    /^The database at .* changes session variables that MiniTwit has set: autocommit is "0", not "1"\. .*$/,
  ],
  [
    'cannot be set',
    refusing.config,
    /^The database at .* refuses a session variable that MiniTwit needs: Unknown system variable 'completion_typo'\. .*$/,
  ],
] as const;

test.each(CASES)('a program ends with one line if a variable %s', async (_what, at, message) => {
  const attempt = withConnection(at, { waitMaxMs: HANG_MS }, async () => 'never');
  await expect(attempt).rejects.toMatchObject({
    name: 'OperatorError',
    message: expect.stringMatching(message),
  });
});

test.each(CASES)(
  'the pool uses no connection on which a variable %s',
  async (_what, at, message) => {
    const database = openDatabase(at);
    await expect(database.select('select 1')).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringMatching(message) },
    });
    await expect(database.checkServers()).rejects.toThrow(message);
    await database.end();
  },
);

test.each(CASES)('the server does not start if a variable %s', async (_what, at, message) => {
  const settings = { ...databaseSettings(at), SESSION_SECRET: 'x'.repeat(32), PORT: '0' };
  const program = startProgram('src/server.ts', settings);
  expect(await program.ended).toBe(1);
  expect(program.output.stderr.trimEnd()).toMatch(message);
});

test('a connection of the pool has the time limits of a request, and one of a program has longer ones', async () => {
  const sql = 'select @@innodb_lock_wait_timeout as lockS, @@autocommit as autocommit';
  const database = openDatabase(config);
  expect(await database.select(sql)).toEqual([{ lockS: 3, autocommit: 1 }]);
  await database.end();
  const [rows] = await withConnection(config, { waitMaxMs: HANG_MS }, (each) => each.query(sql));
  expect(rows).toEqual([{ lockS: 50, autocommit: 1 }]);
});
