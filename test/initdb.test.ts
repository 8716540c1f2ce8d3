import { expect, test } from 'vitest';
import { type Environment, formatSettingsProblems } from '../src/config/environment.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { runSql, useEmptyDatabase } from './support/database.ts';
import { databaseSettings, startProgram } from './support/programs.ts';

const config = useEmptyDatabase();
const settings = databaseSettings(config);

async function initdb(changes: Environment = {}, ...parameters: string[]) {
  const program = startProgram('src/initdb.ts', { ...settings, ...changes }, { parameters });
  return { status: await program.ended, ...program.output };
}

test('a new database gets its tables, once or twice', async () => {
  const done = { status: 0, stdout: 'Initialized the database.\n', stderr: '' };
  expect(await initdb()).toEqual(done);
  expect(await initdb()).toEqual(done);
});

test('tables with rows are left alone, unless --force is given', async () => {
  await runSql(config, `insert into user (username, email, pw_hash) values ('a', 'a', 'x')`);
  const refused = await initdb();
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(
    /^Nothing was changed: these tables hold rows: user \(1\)\. .*\n$/,
  );
  expect(await initdb({}, '--force')).toMatchObject({ status: 0 });
  expect(await initdb()).toMatchObject({ status: 0 });
});

test('with --if-missing it can be part of every start: tables that are there stay', async () => {
  await runSql(
    config,
    `insert into user (username, email, pw_hash) values ('a', 'a', 'x')`,
    'insert into profile (user_id) select user_id from user',
  );
  expect(await initdb({}, '--if-missing')).toEqual({
    status: 0,
    stdout: 'The tables are there: nothing was changed.\n',
    stderr: '',
  });

  await runSql(config, 'drop table session, rate_limit');
  expect(await initdb({}, '--if-missing')).toMatchObject({
    status: 0,
    stdout: 'Initialized the database.\n',
  });
});

test.each<[what: string, changes: Environment, message: RegExp]>([
  [
    'a wrong password',
    { DB_PASSWD: 'wrong-secret' },
    /^The database at .* refused the user "minitwit": look at DB_USER and DB_PASSWD\.\n$/,
  ],
  [
    'an unknown database',
    { DB_NAME: 'minitwit_nowhere' },
    /^There is no database "minitwit_nowhere" at .*: look at DB_NAME\.\n$/,
  ],
  [
    "somebody else's database",
    { DB_NAME: 'mysql' },
    /^The user "minitwit" may not use the database "mysql" at .*\.\n$/,
  ],
  ['an unknown host', { DB_HOST: 'no host' }, /^There is no host "no host": look at DB_HOST\.\n$/],
])('%s is one line, and status 1', async (_what, changes, message) => {
  const refused = await initdb(changes);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(message);
  expect(refused.stderr).not.toContain('wrong-secret');
});

test('settings that are missing are all named', async () => {
  const refused = await initdb({ DB_HOST: '', DB_PASSWD: '', DB_NAME: '' });
  expect(refused).toMatchObject({
    status: 1,
    stderr: `${formatSettingsProblems(['DB_HOST is not set', 'DB_PASSWD is not set', 'DB_NAME is not set'])}\n`,
  });
});

test('the password of a user who is to be made is a setting as the others', async () => {
  const refused = await initdb({ DB_HOST: '' }, '--user', 'app');
  expect(refused).toMatchObject({
    status: 1,
    stderr: `${formatSettingsProblems(['DB_HOST is not set', 'APP_DB_PASSWD is not set'])}\n`,
  });
});

test.each([
  [['--frce']],
  [['--force', '--if-missing']],
  [['--user']],
  [['--user', '']],
  [['--user', `app'@'%`]],
  [['--user', 'x'.repeat(33)]],
])('parameters that make no sense change nothing: %s', async (parameters) => {
  expect(await initdb({}, ...parameters)).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^Usage: npm run initdb \[-- \[--if-missing \| --force\] \[--user NAME\]\] .*\n$/,
    ),
  });
});

test('a server that is starting is waited for, which is said', async () => {
  const port = String(await findFreePort());
  const program = startProgram('src/initdb.ts', { ...settings, DB_PORT: port });
  await program.waitForOutput(/Waiting for the database at .*/);
  expect(program.process.exitCode).toBeNull();
});
