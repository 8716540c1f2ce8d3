import { existsSync } from 'node:fs';
import { beforeAll, describe, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { useMiniTwit } from '../support/minitwit.ts';
import { REAL_MYSQL, startRealMysql } from '../support/real-mysql.ts';
import type { Logins } from '../support/temporary-mariadb.ts';
import {
  expectMiniTwitWorks,
  expectUpdateWorks,
  expectWarehouseWorks,
  createMiniTwitDatabase,
  MYSQL_SETTINGS,
  SERVER_OPTIONS,
  SETTINGS,
  withSetting,
} from './server-settings.ts';

// The settings are the whole server's, so they cannot be changed on a MySQL that is the developer's own.
describe.runIf(existsSync(REAL_MYSQL))('a MySQL of its own', () => {
  let server: Logins;
  const defer = useCleanup();
  beforeAll(async () => {
    server = await startRealMysql(defer, SERVER_OPTIONS);
  });
  const minitwit = useMiniTwit();

  test.each([...SETTINGS, ...MYSQL_SETTINGS])('MiniTwit works with %s = %s', async (...setting) => {
    await withSetting(server.administrator, setting, async () => {
      const config = await createMiniTwitDatabase(server.config);
      await expectMiniTwitWorks(minitwit, config);
      await expectUpdateWorks(config);
      await expectWarehouseWorks(config);
    });
  });
});
