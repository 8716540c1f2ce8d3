import { existsSync } from 'node:fs';
import { beforeAll, describe, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { useMiniTwit } from '../support/minitwit.ts';
import { REAL_MYSQL, startRealMysql } from '../support/real-mysql.ts';
import type { Logins } from '../support/temporary-mariadb.ts';
import { expectFeaturesWork, MYSQL_SETTINGS, SERVER_OPTIONS, SETTINGS } from './server-settings.ts';

// The settings are global, so the tests must not change them on the developer's own MySQL.
describe.runIf(existsSync(REAL_MYSQL))('on a private MySQL', () => {
  let server: Logins;
  const defer = useCleanup();
  beforeAll(async () => {
    server = await startRealMysql(defer, SERVER_OPTIONS);
  });
  const minitwit = useMiniTwit();

  test.each([...SETTINGS, ...MYSQL_SETTINGS])('all features work with %s = %s', (...setting) =>
    expectFeaturesWork(minitwit, server, setting),
  );
});
