import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';
import {
  createUsers,
  reconcile,
  restartUnderLoad,
  startLoad,
  succeeded,
  waitForRequests,
} from './load.ts';

const USERS = 8;

test('no request fails while each instance restarts in turn', async () => {
  // Without retries of the load balancer, a request to a stopped instance would fail.
  const cluster = await startCluster({
    settings: { DRAIN_DELAY_S: '3', DRAIN_MAX_S: '10' },
    retries: 0,
  });
  const load = startLoad(await createUsers(cluster.url, USERS));
  await waitForRequests(load, 100);
  for (const instance of cluster.instances) {
    await restartUnderLoad(instance, load);
  }
  await load.stop();
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('2. Each instance restarts in turn', { ...ledger });
  expect(load.requests.filter((each) => !succeeded(each))).toEqual([]);
  expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0, unacknowledged: 0 });
});

test('only open requests fail if an instance is killed', async () => {
  const cluster = await startCluster();
  const load = startLoad(await createUsers(cluster.url, USERS));
  await waitForRequests(load, 300);
  const [victim, survivor] = cluster.instances;
  const endsAtMs = performance.now();
  victim.program().process.kill('SIGKILL');
  await once(victim.program().process, 'exit');
  const endedAtMs = performance.now();
  await waitForRequests(load, 600);
  await load.stop();
  const ledger = await reconcile(load.requests, cluster.database);
  await recordFigures('3. An instance is killed', { ...ledger });
  const failed = load.requests.filter((each) => !succeeded(each));
  expect(failed.filter((each) => each.endedAtMs < endsAtMs)).toEqual([]);
  expect(failed.filter((each) => each.startedAtMs > endedAtMs)).toEqual([]);
  expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0 });
  expect(ledger.unacknowledged).toBeLessThanOrEqual(ledger.failed);
  expect(survivor.program().process.exitCode).toBeNull();
});
