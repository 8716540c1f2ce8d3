import { once } from 'node:events';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { startCluster } from './cluster.ts';
import { note } from './figures.ts';
import { gather, isServed, more, settle, startLoad } from './load.ts';

const PEOPLE = 8;

test('every instance is restarted in turn: nobody notices', async () => {
  // No second try of the load balancer's: it must have known before.
  const cluster = await startCluster({
    settings: { DRAIN_DELAY_S: '3', DRAIN_MAX_S: '10' },
    retries: 0,
  });
  const load = startLoad(await gather(cluster.url, PEOPLE));
  await more(load, 100);
  for (const instance of cluster.instances) {
    instance.program().process.kill('SIGTERM');
    expect(await instance.program().ended).toBe(0);
    await more(load, 100);
    await instance.start();
    await waitFor(
      'it is ready',
      async () => (await fetch(`${instance.url}/readyz`)).status === 200,
    );
    // as the load balancer finds by itself
    await more(load, 300);
  }
  await load.stop();
  const account = await settle(load.made, cluster.database);
  await note('2. Every instance is restarted in turn', { ...account });
  expect(load.made.filter((each) => !isServed(each))).toEqual([]);
  expect(account).toMatchObject({ found: account.acknowledged, twice: 0, unacknowledged: 0 });
});

test('an instance is killed: only what it was serving fails', async () => {
  const cluster = await startCluster();
  const load = startLoad(await gather(cluster.url, PEOPLE));
  await more(load, 300);
  const [victim, survivor] = cluster.instances;
  const endsAtMs = performance.now();
  victim.program().process.kill('SIGKILL');
  await once(victim.program().process, 'exit');
  const endedAtMs = performance.now();
  await more(load, 600);
  await load.stop();
  const account = await settle(load.made, cluster.database);
  await note('3. An instance is killed', { ...account });
  const failed = load.made.filter((each) => !isServed(each));
  expect(failed.filter((each) => each.endedAtMs < endsAtMs)).toEqual([]);
  expect(failed.filter((each) => each.startedAtMs > endedAtMs)).toEqual([]);
  expect(account).toMatchObject({ found: account.acknowledged, twice: 0 });
  expect(account.unacknowledged).toBeLessThanOrEqual(account.failed);
  expect(survivor.program().process.exitCode).toBeNull();
});
