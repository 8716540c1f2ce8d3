import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { ensureReader } from '../../src/database/reader-user.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const RETRY_OPTIONS = { waitMaxMs: HANG_MS };
const PASSWORD = `a 'password' \\ "`;

const database = useEmptyDatabase();
const server = inject('administrator');

// Without an administrator, the tests cannot create users.
describe.skipIf(server === null)('the user who may only read', () => {
  const login = server && { user: server.user, password: server.password };
  const administrator: DatabaseConfig = { ...database, ...login };
  const name = `reader_${randomBytes(6).toString('hex')}`;
  const reader: DatabaseConfig = { ...database, user: name, password: PASSWORD };
  const ensure = (password = PASSWORD) =>
    ensureReader(administrator, { name, password }, RETRY_OPTIONS);

  beforeAll(() => initializeSchema(database, { existing: 'refuse', ...RETRY_OPTIONS }));
  afterEach(() => runSql(administrator, `drop user if exists '${name}'@'%'`));

  test('reads users, messages, follows and profiles', async () => {
    await ensure();
    const read = runSql(
      reader,
      'select user_id, username, email from user',
      'select * from message',
      'select * from follower',
      'select * from profile',
    );
    await expect(read).resolves.toBeUndefined();
  });

  test.each([
    ['read password hashes', 'select pw_hash from user'],
    ['read all columns of the users', 'select * from user'],
    ['find users by their password hash', `select user_id from user where pw_hash like 'a%'`],
    ['read sessions', 'select * from session'],
    ['read rate limits', 'select * from rate_limit'],
    ['insert', 'insert into follower (who_id, whom_id) values (1, 2)'],
    ['update', `update user set email = ''`],
    ['delete', 'delete from message'],
    ['drop a table', 'drop table message'],
    ['create a table', 'create table other (id int)'],
    ['read the users of the server', 'select * from mysql.user'],
  ])('cannot %s', async (_, statement) => {
    await ensure();
    await expect(runSql(reader, statement)).rejects.toThrow(/denied/);
  });

  test('gets its privileges if it exists without any', async () => {
    await runSql(administrator, `create user '${name}'@'%' identified by 'pw'`);
    await ensure('pw');
    const read = runSql({ ...reader, password: 'pw' }, 'select * from message');
    await expect(read).resolves.toBeUndefined();
  });

  test('loses other privileges and gets the new password when it exists already', async () => {
    await ensure('an old password');
    await runSql(
      administrator,
      `grant all on ${database.name}.* to '${name}'@'%' with grant option`,
      `grant process on *.* to '${name}'@'%'`,
    );
    await ensure();
    await runSql(reader, 'select * from message');
    await expect(runSql(reader, 'select * from session')).rejects.toThrow(/denied/);
    await expect(runSql(reader, 'delete from message')).rejects.toThrow(/denied/);
  });
});
