import { beforeAll, test } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { createFastFolder } from '../support/fast-folder.ts';
import { useMiniTwit } from '../support/minitwit.ts';
import { type Logins, startTemporaryMariadb } from '../support/temporary-mariadb.ts';
import {
  expectFeaturesWork,
  MARIADB_SETTINGS,
  NO_HANDSHAKE,
  SERVER_OPTIONS,
  SETTINGS,
} from './server-settings.ts';

const DATA_BYTES = 256 * 1024 ** 2;

let server: Logins;
const defer = useCleanup();
beforeAll(async () => {
  const folder = await createFastFolder('minitwit-settings-', DATA_BYTES);
  server = await startTemporaryMariadb(defer, folder, [...SERVER_OPTIONS, NO_HANDSHAKE]);
});
const minitwit = useMiniTwit();

test.each([...SETTINGS, ...MARIADB_SETTINGS])(
  'all features work on MariaDB with %s = %s',
  (...setting) => expectFeaturesWork(minitwit, server, setting),
);
