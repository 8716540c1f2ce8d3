import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { forkProgram } from '../support/fork-program.ts';
import { ATTACKS } from './attacks.ts';
import { Client } from './client.ts';
import { useCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';
import { LOAD_FACTOR } from './load.ts';

const READER = '127.0.6.1';
const READS = 100 * LOAD_FACTOR;
const POSTS = 30;
const LOGINS = 10;
// A page with these messages has 400 KB, because the links of mentions contain percent-encoded emoji.
const LARGE_TEXT = `@${'👩🏽‍❤️‍💋‍👨🏿'.repeat(6)} `.repeat(15).trim();
const GUESSES = 60;
const GUESSES_MAX = 10;

const cluster = useCluster({ settings: { RATE_LIMITS: 'on' } });

// Creates a page with the largest messages.
beforeAll(async () => {
  const author = new Client(cluster().url, { localAddress: READER });
  await author.register('author');
  await author.login('author');
  for (let index = 0; index < 30; index++) {
    const { status } = await author.post('/add_message', { text: LARGE_TEXT });
    expect(status).toBe(302);
  }
});

/** The results of a series of requests. */
interface Measurement {
  statuses: number[];
  /** Milliseconds for each page, in ascending order. */
  durations: number[];
}

/** Reads the public timeline `READS` times. */
function readPages(): Promise<Measurement> {
  const reader = new Client(cluster().url, { localAddress: READER });
  return measure(READS, () => reader.get('/public'));
}

async function measure(
  times: number,
  send: () => Promise<{ status: number }>,
): Promise<Measurement> {
  const statuses: number[] = [];
  const durations: number[] = [];
  for (let time = 0; time < times; time++) {
    const startedAtMs = performance.now();
    statuses.push((await send()).status);
    durations.push(performance.now() - startedAtMs);
  }
  return { statuses, durations: durations.toSorted((a, b) => a - b) };
}

function percentile({ durations }: Measurement, percent: number): number {
  return durations[Math.floor((durations.length * percent) / 100)] ?? Number.NaN;
}

async function startAttack(attack: string): Promise<void> {
  const { url, instances } = cluster();
  const program = forkProgram(resolve('test/cluster/attacks.ts'), [attack, url, instances[0].url]);
  expect(await program.nextMessage()).toBe('started');
}

test.each(Object.keys(ATTACKS))(
  'serves a reader at another address during the attack: %s',
  async (attack) => {
    const before = await readPages();
    await startAttack(attack);
    const during = await readPages();
    await recordFigures(`10. ${attack}`, {
      'median page before (ms)': percentile(before, 50),
      '99th percentile before (ms)': percentile(before, 99),
      'median page during (ms)': percentile(during, 50),
      '99th percentile during (ms)': percentile(during, 99),
      failed: during.statuses.filter((status) => status !== 200).length,
    });
    expect(new Set([...before.statuses, ...during.statuses])).toEqual(new Set([200]));
  },
);

test('serves the posts of a user during follows and unfollows of this user', async () => {
  const victim = new Client(cluster().url, { localAddress: READER });
  await victim.register('victim');
  await victim.login('victim');
  // The default limit is twice as many posts in a minute.
  const post = () => measure(POSTS, () => victim.post('/add_message', { text: 'a post' }));
  const before = await post();
  await startAttack('Follows and unfollows of one user');
  const during = await post();
  await recordFigures('10. Follows and unfollows of one user, who posts', {
    'median post before (ms)': percentile(before, 50),
    'slowest post before (ms)': percentile(before, 99.9),
    'median post during (ms)': percentile(during, 50),
    'slowest post during (ms)': percentile(during, 99.9),
    failed: during.statuses.filter((status) => status !== 302).length,
  });
  expect(new Set([...before.statuses, ...during.statuses])).toEqual(new Set([302]));
});

test('serves logins of another address during parallel logins of one address', async () => {
  const user = () => new Client(cluster().url, { localAddress: READER });
  await user().register('someone');
  await startAttack('Parallel correct logins');
  for (let login = 0; login < LOGINS; login++) {
    expect((await user().login('someone')).status).toBe(302);
  }
});

test('checks no password beyond the limit during readiness checks of an instance', async () => {
  await startAttack('Readiness checks of an instance');
  const responses = await Promise.all(
    Array.from({ length: GUESSES }, () => {
      const guesser = new Client(cluster().url, { localAddress: '127.0.6.2' });
      return guesser.login('author', 'a guess');
    }),
  );
  const checked = responses.filter(({ text }) => text.includes('Invalid password'));
  expect(checked.length).toBeLessThanOrEqual(GUESSES_MAX);
  expect(responses.length - checked.length).toBeGreaterThanOrEqual(GUESSES - GUESSES_MAX);
  expect(
    new Set(responses.map(({ status }) => status)).difference(new Set([200, 429, 503])).size,
  ).toBe(0);
});

test('the load balancer does not forward health checks', async () => {
  const client = new Client(cluster().url, { localAddress: READER });
  for (const path of ['/readyz', '/readyz/', '/readyz?x', '/healthz']) {
    const { status, text } = await client.get(path);
    expect([path, status, text]).toEqual([path, 404, 'Not found']);
  }
});
