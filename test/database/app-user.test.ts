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

const PATIENCE = { waitMaxMs: HANG_MS };
const PASSWORD = 'a password';

const database = useEmptyDatabase();
const neighbour = useEmptyDatabase();
const server = inject('administrator');

// elsewhere nobody is there who may make users
describe.skipIf(server === null)('a user for MiniTwit', () => {
  const administrator: DatabaseConfig = { ...database, ...login(server) };
  const name = `app_${randomBytes(6).toString('hex')}`;
  const asUser = (password = PASSWORD): DatabaseConfig => ({ ...database, user: name, password });
  const save = (password = PASSWORD, config = administrator) =>
    ensureAppUser(config, { name, password }, PATIENCE);

  beforeAll(() => initializeSchema(database, { existing: 'refuse', ...PATIENCE }));
  afterEach(() => runSql(administrator, `drop user if exists '${name}'@'%'`));

  async function listGrants(): Promise<string[]> {
    return withConnection(administrator, PATIENCE, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(`show grants for '${name}'@'%'`);
      return rows.map((row) =>
        String(Object.values(row)[0]).replace(/ IDENTIFIED BY PASSWORD '.*?'/, ''),
      );
    });
  }

  test('reads and writes rows', async () => {
    expect(await save()).toEqual({ isNew: true });
    await runSql(
      asUser(),
      `insert into user (username, email, pw_hash) values ('a', 'a', 'x')`,
      `update user set email = 'b'`,
      'select user_id from user for update',
      'delete from user',
    );
  });

  test.each([
    ['make a table', 'create table other (id int)'],
    ['alter a table', 'alter table user add column other int'],
    ['drop a table', 'drop table session'],
    ['empty a table at once', 'truncate table session'],
    ['make an index', 'create index other on user (email)'],
    ['make a database', 'create database minitwit_other'],
    ['drop the database', `drop database ${database.name}`],
    ['read another database', `select * from ${neighbour.name}.secret`],
    ['read how others log in', 'select * from mysql.user'],
    ['give away what it may do', `grant select on ${database.name}.* to ${name}`],
    ['set the server up', 'set global max_connections = 10'],
  ])('cannot %s', async (_what, statement) => {
    await runSql(neighbour, 'create table if not exists secret (id int)');
    await save();
    await expect(runSql(asUser(), statement)).rejects.toThrow(/denied|may not use/);
  });

  test('cannot read a database whose name differs where this one has an underscore', async () => {
    const similar = database.name.replace('_', 'x');
    await runSql(administrator, `create database ${similar}`, `create table ${similar}.t (id int)`);
    try {
      await save();
      await expect(runSql(asUser(), `select * from ${similar}.t`)).rejects.toThrow(/denied/);
    } finally {
      await runSql(administrator, `drop database ${similar}`);
    }
  });

  test('keeps all but the password when it is saved again', async () => {
    await save();
    const before = await listGrants();
    expect(await save('another password')).toEqual({ isNew: false });
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
    await save(password);
    const logIn = runSql(asUser(password), 'select user_id from user');
    await expect(logIn).resolves.toBeUndefined();
  });

  test('must come with TLS where we do, and only there', async () => {
    await save();
    const [row] = await withConnection(administrator, PATIENCE, async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        'select ssl_type as required from mysql.user where user = :name',
        { name },
      );
      return rows;
    });
    expect(String(row?.required)).toBe(administrator.sslCa === null ? '' : 'ANY');
  });

  test.each([
    ['any database', `grant select on *.* to '${name}'@'%'`, 'SELECT ON *.*'],
    ['tables', `grant drop on ${database.name}.* to '${name}'@'%'`, 'DROP ON '],
    ['its neighbour', `grant select on ${neighbour.name}.* to '${name}'@'%'`, 'SELECT ON '],
    [
      'giving away',
      `grant select on ${database.name}.* to '${name}'@'%' with grant option`,
      'SELECT ON ',
    ],
  ])('is left alone when it may do more: %s', async (_what, grant, said) => {
    await runSql(administrator, `create user '${name}'@'%' identified by 'old'`, grant);
    const refused = save();
    await expect(refused).rejects.toThrow(
      `The user "${name}" was not changed: it is there and may do more than MiniTwit should: ${said}`,
    );
    await expect(refused).rejects.not.toThrow('PASSWORD');
    // the old password
    await runSql({ ...asUser('old'), name: 'information_schema' }, 'select 1');
  });

  test('is made by initdb, beside the tables', async () => {
    const settings = { ...databaseSettings(administrator), APP_DB_PASSWD: PASSWORD };
    const initdb = async (...parameters: string[]) => {
      const program = startProgram('src/initdb.ts', settings, { parameters });
      return { status: await program.ended, ...program.output };
    };
    expect(await initdb('--if-missing', '--user', name)).toEqual({
      status: 0,
      stdout: `The tables are there: nothing was changed.\nMade the user "${name}", who may read and write rows, and nothing else.\n`,
      stderr: '',
    });
    expect(await initdb('--if-missing', '--user', name)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`Set the password of the user "${name}"`),
    });
    expect(await initdb('--if-missing', '--user', administrator.user)).toEqual({
      status: 1,
      stdout: '',
      stderr: `"${administrator.user}" is DB_USER, who makes the tables: --user is for another.\n`,
    });
  });
});

function login(config: DatabaseConfig | null): Partial<DatabaseConfig> {
  return config ? { user: config.user, password: config.password } : {};
}
