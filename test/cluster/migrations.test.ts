import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { migrateSchema } from '../../src/database/schema.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';
import {
  createUsers,
  type Load,
  reconcile,
  restartUnderLoad,
  startLoad,
  succeeded,
  waitForRequests,
} from './load.ts';
import { checkOutPreviousRelease } from './previous-release.ts';

const USERS = 8;

test('no request fails while the database of the previous release is migrated, and its servers are replaced', async () => {
  const newest = (await readdir('migrations')).toSorted().at(-1) ?? '';
  const previous = await checkOutPreviousRelease(newest);
  const { url, instances, mariadb, database } = await startCluster({
    settings: { DRAIN_DELAY_S: '3', DRAIN_MAX_S: '10' },
    retries: 0,
    source: previous,
  });
  const load = startLoad(await createUsers(url, USERS));
  await waitForRequests(load, 100);

  const startedAtMs = performance.now();
  const { migrations } = await migrateSchema(mariadb.adminConfig, { waitMaxMs: HANG_MS });
  const endedAtMs = performance.now();
  expect(migrations.at(-1)).toBe(newest.replace(/\.do\.(.+)\.sql$/, ' $1'));
  await waitForRequests(load, 100);
  for (const instance of instances) {
    await restartUnderLoad(instance, load);
  }
  await load.stop();
  const ledger = await reconcile(load.requests, database);
  await recordFigures('11. The database is migrated', {
    ...ledger,
    'migration (ms)': endedAtMs - startedAtMs,
    'longest time without a response (ms)': longestGapMs(load, startedAtMs, endedAtMs),
  });
  expect(load.requests.filter((each) => !succeeded(each))).toEqual([]);
  expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0, unacknowledged: 0 });
});

/** Returns the longest time between two responses, one of which is not outside of these times. */
function longestGapMs({ requests }: Load, fromMs: number, toMs: number): number {
  const ends = requests.map(({ endedAtMs }) => endedAtMs).toSorted((a, b) => a - b);
  const gaps = ends.map((end, index) => {
    const before = ends[index - 1] ?? end;
    return end < fromMs || before > toMs ? 0 : end - before;
  });
  return Math.max(...gaps);
}
