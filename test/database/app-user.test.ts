import { randomBytes } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { ensureAppUser } from '../../src/database/app-user.ts';
import { databaseSettings, startProgram } from '../support/programs.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const RETRY_OPTIONS = { waitMaxMs: HANG_MS };
const PASSWORD = 'a password';

const database = useEmptyDatabase();
const otherDatabase = useEmptyDatabase();
const server = inject('administrator');

// Without an administrator, the tests cannot create users.
describe.skipIf(server === null)('a user for MiniTwit', () => {
  const administrator: DatabaseConfig = { ...database, ...login(server) };
  const name = `app_${randomBytes(6).toString('hex')}`;
  const asUser = (password = PASSWORD): DatabaseConfig => ({ ...database, user: name, password });
  const ensureUser = (password = PASSWORD, config = administrator) =>
    ensureAppUser(config, { name, password }, RETRY_OPTIONS);

  beforeAll(() => initializeSchema(database, { existing: 'refuse', ...RETRY_OPTIONS }));
  afterEach(() => runSql(administrator, `drop user if exists '${name}'@'%'`));

  async function listGrants(): Promise<string[]> {
    return withConnection(administrator, RETRY_OPTIONS, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(`show grants for '${name}'@'%'`);
      return rows.map((row) =>
        String(Object.values(row)[0]).replace(/ IDENTIFIED BY PASSWORD '.*?'/, ''),
      );
    });
  }

  test('reads and writes rows', async () => {
    expect(await ensureUser()).toEqual({ isNew: true });
    await runSql(
      asUser(),
      `insert into user (username, email, pw_hash) values ('a', 'a', 'x')`,
      `update user set email = 'b'`,
      'select user_id from user for update',
      'delete from user',
    );
  });

  test.each([
    ['create a table', 'create table other (id int)'],
    ['alter a table', 'alter table user add column other int'],
    ['drop a table', 'drop table session'],
    ['truncate a table', 'truncate table session'],
    ['create an index', 'create index other on user (email)'],
    ['create a database', 'create database minitwit_other'],
    ['drop the database', `drop database ${database.name}`],
    ['read another database', `select * from ${otherDatabase.name}.secret`],
    ['read the users of the server', 'select * from mysql.user'],
    ['grant its privileges to another user', `grant select on ${database.name}.* to ${name}`],
    ['change settings of the server', 'set global max_connections = 10'],
  ])('cannot %s', async (_what, statement) => {
    await runSql(otherDatabase, 'create table if not exists secret (id int)');
    await ensureUser();
    await expect(runSql(asUser(), statement)).rejects.toThrow(/denied|may not use/);
  });

  test('cannot read a database whose name has another character in place of the underscore', async () => {
    const similar = database.name.replace('_', 'x');
    await runSql(administrator, `create database ${similar}`, `create table ${similar}.t (id int)`);
    try {
      await ensureUser();
      await expect(runSql(asUser(), `select * from ${similar}.t`)).rejects.toThrow(/denied/);
    } finally {
      await runSql(administrator, `drop database ${similar}`);
    }
  });

  test('a second call changes only the password', async () => {
    await ensureUser();
    const before = await listGrants();
    expect(await ensureUser('another password')).toEqual({ isNew: false });
    expect(await listGrants()).toEqual(before);
    await expect(runSql(asUser(), 'select 1')).rejects.toThrow(/refused the user/);
    await runSql(asUser('another password'), 'select user_id from user');
  });

  test.each([
    `' or '1'='1`,
    `'; drop table user; -- `,
    "a\\'b\\\\c\\",
    '"double", `back`, %s ? :name :password',
    'line\nbreak, tab\t, 🐦 é',
    ' '.repeat(3),
    'x'.repeat(70),
  ])('logs in with the password %j', async (password) => {
    await ensureUser(password);
    const logIn = runSql(asUser(password), 'select user_id from user');
    await expect(logIn).resolves.toBeUndefined();
  });

  test('must use TLS if and only if the connection of the administrator does', async () => {
    await ensureUser();
    const [row] = await withConnection(administrator, RETRY_OPTIONS, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        'select ssl_type as required from mysql.user where user = :name',
        { name },
      );
      return rows;
    });
    expect(String(row?.required)).toBe(administrator.sslCa === null ? '' : 'ANY');
  });

  test.each([
    ['every database', `grant select on *.* to '${name}'@'%'`, 'SELECT ON *.*'],
    ['tables', `grant drop on ${database.name}.* to '${name}'@'%'`, 'DROP ON '],
    ['another database', `grant select on ${otherDatabase.name}.* to '${name}'@'%'`, 'SELECT ON '],
    [
      'the grant option',
      `grant select on ${database.name}.* to '${name}'@'%' with grant option`,
      'SELECT ON ',
    ],
  ])('is not changed if its privileges include %s', async (_what, grant, privilege) => {
    await runSql(administrator, `create user '${name}'@'%' identified by 'old'`, grant);
    const refused = ensureUser();
    await expect(refused).rejects.toThrow(
      `The user "${name}" was not changed, because the user exists and has more privileges than MiniTwit needs: ${privilege}`,
    );
    await expect(refused).rejects.not.toThrow('PASSWORD');
    // The old password is still valid.
    await runSql({ ...asUser('old'), name: 'information_schema' }, 'select 1');
  });

  test('initdb --user creates the user after the tables', async () => {
    const settings = { ...databaseSettings(administrator), APP_DB_PASSWD: PASSWORD };
    const initdb = async (...parameters: string[]) => {
      const program = startProgram('src/initdb.ts', settings, { parameters });
      return { status: await program.ended, ...program.output };
    };
    expect(await initdb('--if-missing', '--user', name)).toEqual({
      status: 0,
      stdout: `The database has all migrations. Nothing was changed.\nCreated the user "${name}", who may only read and write rows.\n`,
      stderr: '',
    });
    expect(await initdb('--if-missing', '--user', name)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`Set the password of the user "${name}"`),
    });
    expect(await initdb('--if-missing', '--user', administrator.user)).toEqual({
      status: 1,
      stdout: '',
      stderr: `The database user must not be "${administrator.user}", which is DB_USER and creates the tables. Use another name.\n`,
    });
  });
});

function login(config: DatabaseConfig | null): Partial<DatabaseConfig> {
  return config ? { user: config.user, password: config.password } : {};
}
