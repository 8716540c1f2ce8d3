import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { ensureAppUser } from '../../src/database/app-user.ts';
import { createAdministrator } from '../support/administrator.ts';
import { runSql } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

test('stores the given password on a server with NO_BACKSLASH_ESCAPES', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-rules-'));
  const { init, loginTo } = createAdministrator();
  const mariadb = await startPrivateMariadb(folder, {
    options: ['--sql-mode=NO_BACKSLASH_ESCAPES'],
    init,
  });
  try {
    const administrator = loginTo(mariadb.config);
    const password = `\\' or '1\\\\`;
    await ensureAppUser(administrator, { name: 'app', password }, { waitMaxMs: HANG_MS });
    const logIn = runSql({ ...mariadb.config, user: 'app', password }, 'select 1');
    await expect(logIn).resolves.toBeUndefined();
  } finally {
    await mariadb.stop();
    await rm(folder, { recursive: true });
  }
});
