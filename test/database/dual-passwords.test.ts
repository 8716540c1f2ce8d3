import { randomBytes } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { addPassword, discardOldPassword } from '../../src/database/dual-passwords.ts';
import { runSql, useEmptyDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const RETRY_OPTIONS = { waitMaxMs: HANG_MS };

const database = useEmptyDatabase();
const server = inject('administrator');

test('addPassword and discardOldPassword change nothing on MariaDB, which has no dual passwords', async () => {
  const administrator = { ...database, user: server?.user ?? '', password: server?.password ?? '' };
  const name = `app_${randomBytes(6).toString('hex')}`;
  const login = { name, password: 'old' };
  await runSql(
    administrator,
    `create user '${name}'@'%' identified by 'old'`,
    `grant select on ${database.name}.* to '${name}'@'%'`,
  );
  try {
    const message = 'MariaDB accepts one password for each user';
    await expect(addPassword(administrator, login, 'new', RETRY_OPTIONS)).rejects.toThrow(message);
    await expect(discardOldPassword(administrator, login, RETRY_OPTIONS)).rejects.toThrow(message);
    await runSql({ ...database, user: name, password: 'old' }, 'select 1');
  } finally {
    await runSql(administrator, `drop user '${name}'@'%'`);
  }
});
