import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { forkProgram } from '../support/fork-program.ts';
import { ATTACKS } from './attacks.ts';
import { Client } from './client.ts';
import { useCluster } from './cluster.ts';
import { note } from './figures.ts';
import { LOAD_FACTOR } from './load.ts';

const READER = '127.0.6.1';
const READS = 100 * LOAD_FACTOR;

const cluster = useCluster({ settings: { RATE_LIMITS: 'on' } });

/** What a reader at another address met. */
interface Reading {
  statuses: number[];
  /** Milliseconds for each page, in ascending order. */
  durations: number[];
}

/** Reads the public timeline again and again. */
async function read(): Promise<Reading> {
  const reader = new Client(cluster().url, { localAddress: READER });
  const statuses: number[] = [];
  const durations: number[] = [];
  for (let time = 0; time < READS; time++) {
    const startedAtMs = performance.now();
    statuses.push((await reader.get('/public')).status);
    durations.push(performance.now() - startedAtMs);
  }
  return { statuses, durations: durations.toSorted((a, b) => a - b) };
}

function percentile({ durations }: Reading, percent: number): number {
  return durations[Math.floor((durations.length * percent) / 100)] ?? Number.NaN;
}

async function begin(attack: string): Promise<void> {
  const { url, instances } = cluster();
  const program = forkProgram(resolve('test/cluster/attacks.ts'), [attack, url, instances[0].url]);
  expect(await program.nextMessage()).toBe('begun');
}

test.each(Object.keys(ATTACKS))(
  'a reader elsewhere is served during the attack: %s',
  async (attack) => {
    const alone = await read();
    await begin(attack);
    const during = await read();
    await note(`10. ${attack}`, {
      'ms of the median page alone': percentile(alone, 50),
      'of the 99th percentile': percentile(alone, 99),
      'ms of the median page during the attack': percentile(during, 50),
      'of its 99th percentile': percentile(during, 99),
      'not served': during.statuses.filter((status) => status !== 200).length,
    });
    expect(new Set([...alone.statuses, ...during.statuses])).toEqual(new Set([200]));
  },
);

test('a login elsewhere is served while one address logs in with all it has', async () => {
  const user = new Client(cluster().url, { localAddress: READER });
  await user.register('someone');
  await begin('correct logins in parallel');
  expect((await user.login('someone')).status).toBe(302);
});

test('the load balancer does not forward health checks', async () => {
  const client = new Client(cluster().url, { localAddress: READER });
  for (const path of ['/readyz', '/readyz/', '/readyz?x', '/healthz']) {
    const { status, text } = await client.get(path);
    expect([path, status, text]).toEqual([path, 404, 'Not found']);
  }
});
