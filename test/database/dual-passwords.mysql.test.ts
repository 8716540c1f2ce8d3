import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { ensureAppUser } from '../../src/database/app-user.ts';
import { addPassword, discardOldPassword } from '../../src/database/dual-passwords.ts';
import { ensureReader } from '../../src/database/reader-user.ts';
import { migrateSchema } from '../../src/database/schema.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const RETRY_OPTIONS = { waitMaxMs: HANG_MS };

const database = useEmptyDatabase();
const server = inject('administrator');
// An underscore is a wildcard in grants.
const grantedDatabase = `\`${database.name.replaceAll('_', String.raw`\_`)}\`.*`;

// Without an administrator, the tests cannot create users.
describe.skipIf(server === null)('the passwords of a database user', () => {
  const administrator = { ...database, user: server?.user ?? '', password: server?.password ?? '' };
  const name = `app_${randomBytes(6).toString('hex')}`;
  const add = (password: string, newPassword: string, config: DatabaseConfig = administrator) =>
    addPassword(config, { name, password }, newPassword, RETRY_OPTIONS);
  const discard = (password: string) =>
    discardOldPassword(administrator, { name, password }, RETRY_OPTIONS);

  beforeEach(() =>
    runSql(
      administrator,
      `create user '${name}'@'%' identified by 'old'`,
      `grant select on ${grantedDatabase} to '${name}'@'%'`,
    ),
  );
  afterEach(() => runSql(administrator, `drop user '${name}'@'%'`));

  /** Returns those of the passwords that the server accepts. */
  async function accepted(...passwords: string[]): Promise<string[]> {
    const results = await Promise.allSettled(
      passwords.map((password) => runSql({ ...database, user: name, password }, 'select 1')),
    );
    return passwords.filter((_, index) => results[index]?.status === 'fulfilled');
  }

  test('are both valid from addPassword to discardOldPassword', async () => {
    expect(await add('old', 'new')).toEqual({ isNew: true });
    expect(await accepted('old', 'new')).toEqual(['old', 'new']);
    await discard('new');
    expect(await accepted('old', 'new')).toEqual(['new']);
  });

  test('stay valid when addPassword is repeated, in both directions', async () => {
    await add('old', 'new');
    expect(await add('old', 'new')).toEqual({ isNew: false });
    expect(await add('new', 'new')).toEqual({ isNew: false });
    expect(await add('new', 'old')).toEqual({ isNew: false });
    expect(await accepted('old', 'new')).toEqual(['old', 'new']);
  });

  test('are both valid after ensureReader with one of them', async () => {
    await migrateSchema(database, RETRY_OPTIONS);
    await add('old', 'new');
    for (const password of ['old', 'new']) {
      await ensureReader(administrator, { name, password }, RETRY_OPTIONS);
      expect(await accepted('old', 'new')).toEqual(['old', 'new']);
    }
  });

  test('are both valid after ensureAppUser with one of them', async () => {
    await add('old', 'new');
    for (const password of ['old', 'new']) {
      await ensureAppUser(administrator, { name, password }, RETRY_OPTIONS);
      expect(await accepted('old', 'new')).toEqual(['old', 'new']);
    }
  });

  test('include the given one after a third one was added, whichever was the primary one', async () => {
    await add('old', 'abandoned');
    expect(await add('old', 'new')).toEqual({ isNew: true });
    expect(await accepted('old', 'abandoned', 'new')).toEqual(['old', 'new']);
  });

  test('are only the given one after discardOldPassword, whichever was the primary one', async () => {
    await add('old', 'new');
    await discard('old');
    await discard('old');
    expect(await accepted('old', 'new')).toEqual(['old']);
  });

  test('are both valid after concurrent calls', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => add('old', 'new')));
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await accepted('old', 'new')).toEqual(['old', 'new']);
  });

  test('do not change if the server does not accept the given one', async () => {
    const message = `The user "${name}" was not changed, because the database does not accept APP_DB_PASSWD`;
    await expect(add('wrong', 'new')).rejects.toThrow(message);
    await expect(discard('wrong')).rejects.toThrow(message);
    expect(await accepted('old', 'new', 'wrong')).toEqual(['old']);
  });

  test('can be changed by an account with CREATE USER alone', async () => {
    const master = `master_${randomBytes(6).toString('hex')}`;
    await runSql(
      administrator,
      `create user '${master}'@'%' identified by 'secret'`,
      `grant create user on *.* to '${master}'@'%'`,
      `grant select on ${database.name}.* to '${master}'@'%'`,
    );
    try {
      const config = { ...database, user: master, password: 'secret' };
      expect(await add('old', 'new', config)).toEqual({ isNew: true });
    } finally {
      await runSql(administrator, `drop user '${master}'@'%'`);
    }
  });

  test.each([`'; drop user x; -- `, "a\\'b\\\\c\\", ':name %s ? "`', 'é 🐦'])(
    'can be %j',
    async (password) => {
      await add('old', password);
      await discard(password);
      expect(await accepted('old', password)).toEqual([password]);
    },
  );
});
