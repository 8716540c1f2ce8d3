import { existsSync } from 'node:fs';
import { describe, inject } from 'vitest';
import { useCleanup } from '../support/cleanup.ts';
import { REAL_MYSQL, startRealMysql } from '../support/real-mysql.ts';
import { testSwitchover } from './switchover.ts';

const next = inject('administrator');

// `read_only` is global, so the tests must not change it on the developer's own MySQL.
describe.runIf(next && existsSync(REAL_MYSQL))('two servers', async () => {
  if (!next) return;
  const { administrator } = await startRealMysql(useCleanup());
  await testSwitchover(administrator, next);
});
