import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Environment } from '../src/config/environment.ts';
import { useCleanup } from './support/cleanup.ts';
import { runSql, useEmptyDatabase } from './support/database.ts';
import { databaseSettings, startProgram } from './support/programs.ts';

const database = useEmptyDatabase();
const server = inject('administrator');

// Without an administrator, the tests cannot create users.
describe.skipIf(server === null)('app-password', () => {
  const administrator = { ...database, user: server?.user ?? '', password: server?.password ?? '' };
  const name = `app_${randomBytes(6).toString('hex')}`;
  const defer = useCleanup();

  beforeAll(async () => {
    await runSql(
      administrator,
      `create user '${name}'@'%' identified by 'old'`,
      `grant select on ${database.name}.* to '${name}'@'%'`,
    );
    defer(() => runSql(administrator, `drop user '${name}'@'%'`));
  });

  async function run(settings: Environment, ...parameters: string[]) {
    const environment = { ...databaseSettings(administrator), ...settings };
    const program = startProgram('src/app-password.ts', environment, { parameters });
    return { status: await program.ended, ...program.output };
  }
  const logIn = (password: string) => runSql({ ...database, user: name, password }, 'select 1');

  test('add gives a user a second password, and discard-old takes the first one away', async () => {
    const add = () => run({ APP_DB_PASSWD: 'old', NEW_APP_DB_PASSWD: 'new' }, 'add', name);
    expect(await add()).toEqual({
      status: 0,
      stdout: `The database now accepts the new password of the user "${name}" beside the old one.\n`,
      stderr: '',
    });
    expect(await add()).toMatchObject({ status: 0, stdout: expect.stringContaining('already') });
    await Promise.all(['old', 'new'].map(logIn));
    expect(await run({ APP_DB_PASSWD: 'new' }, 'discard-old', name)).toEqual({
      status: 0,
      stdout: `The database accepts one password of the user "${name}" only.\n`,
      stderr: '',
    });
    await logIn('new');
    await expect(logIn('old')).rejects.toThrow('refused the user');
  });

  test('with --if-exists, changes nothing and succeeds if the user is missing', async () => {
    const settings = { APP_DB_PASSWD: 'old', NEW_APP_DB_PASSWD: 'new' };
    for (const command of ['add', 'discard-old']) {
      expect(await run(settings, command, `${name}_x`, '--if-exists')).toEqual({
        status: 0,
        stdout: `The database has no user "${name}_x". Nothing was changed.\n`,
        stderr: '',
      });
      expect(await run(settings, command, `${name}_x`)).toMatchObject({ status: 1, stdout: '' });
    }
  });

  test.each([[], ['add'], ['discard-old'], ['remove', 'x'], ['add', 'x', 'y'], ['--help']])(
    'prints the usage and changes nothing if the arguments are invalid: %s',
    async (...parameters) => {
      const outcome = await run({}, ...parameters);
      expect(outcome).toMatchObject({ status: 1, stdout: '' });
      expect(outcome.stderr).toMatch(
        /^Usage: npm run app-password -- COMMAND NAME \[--if-exists\]\n/,
      );
    },
  );

  test('lists the missing settings', async () => {
    expect(await run({}, 'add', name)).toMatchObject({
      status: 1,
      stderr:
        'Settings are missing or invalid:\n  APP_DB_PASSWD is not set.\n  NEW_APP_DB_PASSWD is not set.\n',
    });
  });
});
