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

test('creates the tables, also if empty tables exist', async () => {
  const success = { status: 0, stdout: 'Initialized the database.\n', stderr: '' };
  expect(await initdb()).toEqual(success);
  expect(await initdb()).toEqual(success);
});

test('changes no table with rows without --force', async () => {
  await runSql(config, `insert into user (username, email, pw_hash) values ('a', 'a', 'x')`);
  const refused = await initdb();
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(
    /^Nothing was changed, because these tables have rows: user \(1\)\. .*\n$/,
  );
  expect(await initdb({}, '--force')).toMatchObject({ status: 0 });
  expect(await initdb()).toMatchObject({ status: 0 });
});

test('--if-missing changes nothing if the database has all migrations', async () => {
  await runSql(
    config,
    `insert into user (username, email, pw_hash) values ('a', 'a', 'x')`,
    'insert into profile (user_id) select user_id from user',
    'insert into taken_name (skeleton, user_id) select username, user_id from user',
  );
  expect(await initdb({}, '--if-missing')).toEqual({
    status: 0,
    stdout: 'The database has all migrations. Nothing was changed.\n',
    stderr: '',
  });
});

test.each<[what: string, changes: Environment, message: RegExp]>([
  [
    'a wrong password',
    { DB_PASSWD: 'wrong-secret' },
    /^The database at .* refused the user "minitwit"\. Check DB_USER and DB_PASSWD\.\n$/,
  ],
  [
    'an unknown database',
    { DB_NAME: 'minitwit_nowhere' },
    /^The server at .* has no database "minitwit_nowhere"\. Check DB_NAME\.\n$/,
  ],
  [
    'a database without access',
    { DB_NAME: 'mysql' },
    /^The user "minitwit" may not use the database "mysql" at .*\. Check DB_NAME .*\.\n$/,
  ],
  [
    'an unknown host',
    { DB_HOST: 'no host' },
    /^The host "no host" does not exist\. Check DB_HOST\.\n$/,
  ],
])('%s ends with status 1 and one line', async (_what, changes, message) => {
  const refused = await initdb(changes);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(message);
  expect(refused.stderr).not.toContain('wrong-secret');
});

test('lists all missing settings', async () => {
  const refused = await initdb({ DB_HOST: '', DB_PASSWD: '', DB_NAME: '' });
  expect(refused).toMatchObject({
    status: 1,
    stderr: `${formatSettingsProblems(['DB_HOST is not set', 'DB_PASSWD is not set', 'DB_NAME is not set'])}\n`,
  });
});

test('--user needs APP_DB_PASSWD', async () => {
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
])('prints the usage and changes nothing if the arguments are invalid: %s', async (parameters) => {
  expect(await initdb({}, ...parameters)).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^Usage: npm run initdb \[-- \[--if-missing \| --force\] \[--user NAME \[--reader NAME\]\]\] .*\n$/,
    ),
  });
});

test('waits for a server that is starting, and prints that it waits', async () => {
  const port = String(await findFreePort());
  const program = startProgram('src/initdb.ts', { ...settings, DB_PORT: port });
  await program.waitForOutput(/Waiting for the database at .*/);
  expect(program.process.exitCode).toBeNull();
});
