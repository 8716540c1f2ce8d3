import { inject } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { createFastFolder } from '../support/fast-folder.ts';
import { startTemporaryMariadb } from '../support/temporary-mariadb.ts';
import { testSwitchover } from './switchover.ts';

const DATA_BYTES = 256 * 1024 ** 2;

const folder = await createFastFolder('minitwit-switchover-', DATA_BYTES);
const { administrator } = await startTemporaryMariadb(useCleanup(), folder);
const next = inject('administrator');
if (!next) throw new Error('The tests on MariaDB have an administrator.');
await testSwitchover(administrator, next);
