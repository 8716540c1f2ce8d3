import { existsSync } from 'node:fs';
import { describe, inject } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { REAL_MYSQL, startRealMysql } from '../support/real-mysql.ts';
import { testSwitchover } from './switchover.ts';

const next = inject('administrator');

// `read_only` is the whole server's, so it cannot be changed on a MySQL that is the developer's own.
describe.runIf(next && existsSync(REAL_MYSQL))('two servers', async () => {
  if (!next) return;
  const { administrator } = await startRealMysql(useCleanup());
  await testSwitchover(administrator, next);
});
