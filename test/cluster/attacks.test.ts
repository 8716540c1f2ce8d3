import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { forkProgram } from '../support/fork-program.ts';
import { ATTACKS } from './attacks.ts';
import { Client } from './client.ts';
import { useCluster } from './cluster.ts';
import { note } from './figures.ts';
import { LOAD_FACTOR } from './load.ts';

const READER = '127.0.6.1';
const READS = 100 * LOAD_FACTOR;
const POSTS = 30;
const LOGINS = 10;
// Names of emoji are percent-encoded in the links of mentions: a page of these messages has 400 KB.
const LARGE_TEXT = `@${'👩🏽‍❤️‍💋‍👨🏿'.repeat(6)} `.repeat(15).trim();
const GUESSES = 60;
const GUESSES_MAX = 10;

const cluster = useCluster({ settings: { RATE_LIMITS: 'on' } });

// A page of the largest messages.
beforeAll(async () => {
  const author = new Client(cluster().url, { localAddress: READER });
  await author.register('author');
  await author.login('author');
  for (let index = 0; index < 30; index++) {
    const { status } = await author.post('/add_message', { text: LARGE_TEXT });
    expect(status).toBe(302);
  }
});

/** What a reader at another address met. */
interface Reading {
  statuses: number[];
  /** Milliseconds for each page, in ascending order. */
  durations: number[];
}

/** Reads the public timeline again and again. */
function read(): Promise<Reading> {
  const reader = new Client(cluster().url, { localAddress: READER });
  return measure(READS, () => reader.get('/public'));
}

async function measure(times: number, ask: () => Promise<{ status: number }>): Promise<Reading> {
  const statuses: number[] = [];
  const durations: number[] = [];
  for (let time = 0; time < times; time++) {
    const startedAtMs = performance.now();
    statuses.push((await ask()).status);
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
      'median page before the attack in ms': percentile(alone, 50),
      '99th percentile before the attack in ms': percentile(alone, 99),
      'median page during the attack in ms': percentile(during, 50),
      '99th percentile during the attack in ms': percentile(during, 99),
      'not served': during.statuses.filter((status) => status !== 200).length,
    });
    expect(new Set([...alone.statuses, ...during.statuses])).toEqual(new Set([200]));
  },
);

test('a user whom accounts follow and unfollow can post', async () => {
  const victim = new Client(cluster().url, { localAddress: READER });
  await victim.register('victim');
  await victim.login('victim');
  // Half of what a user may post in a minute.
  const post = () =>
    measure(POSTS, () => victim.post('/add_message', { text: 'they follow me, they do not' }));
  const alone = await post();
  await begin('accounts that follow and unfollow one user');
  const during = await post();
  await note('10. posts of a user whom accounts follow and unfollow', {
    'median post before the attack in ms': percentile(alone, 50),
    'slowest post before the attack in ms': percentile(alone, 99.9),
    'median post during the attack in ms': percentile(during, 50),
    'slowest post during the attack in ms': percentile(during, 99.9),
    'not served': during.statuses.filter((status) => status !== 302).length,
  });
  expect(new Set([...alone.statuses, ...during.statuses])).toEqual(new Set([302]));
});

test('logins elsewhere are served while one address logs in with all it has', async () => {
  const user = () => new Client(cluster().url, { localAddress: READER });
  await user().register('someone');
  await begin('parallel correct logins');
  for (let login = 0; login < LOGINS; login++) {
    expect((await user().login('someone')).status).toBe(302);
  }
});

test('no guess beyond the limit is judged while an instance is asked whether it is ready', async () => {
  await begin('readiness checks of an instance');
  const answers = await Promise.all(
    Array.from({ length: GUESSES }, () => {
      const guesser = new Client(cluster().url, { localAddress: '127.0.6.2' });
      return guesser.login('author', 'a guess');
    }),
  );
  const judged = answers.filter(({ text }) => text.includes('Invalid password'));
  expect(judged.length).toBeLessThanOrEqual(GUESSES_MAX);
  expect(answers.length - judged.length).toBeGreaterThanOrEqual(GUESSES - GUESSES_MAX);
  expect(
    new Set(answers.map(({ status }) => status)).difference(new Set([200, 429, 503])).size,
  ).toBe(0);
});

test('the load balancer does not forward health checks', async () => {
  const client = new Client(cluster().url, { localAddress: READER });
  for (const path of ['/readyz', '/readyz/', '/readyz?x', '/healthz']) {
    const { status, text } = await client.get(path);
    expect([path, status, text]).toEqual([path, 404, 'Not found']);
  }
});
