import { expect, test } from 'vitest';
import { Client } from './client.ts';
import { startCluster } from './cluster.ts';
import { recordFigures } from './figures.ts';

const GUESSERS = 16;
const ROUNDS = 20;
const AT_ONCE = 200;
const PER_NAME = 10;
const PER_NAME_ANYWHERE = 100;
// A lower limit than the default needs fewer guesses.
const PER_ADDRESS = 100;

/** Reads the public timeline until an attack ends. Returns the duration of each page in milliseconds. */
async function readDuring(url: string, attack: Promise<unknown>): Promise<number[]> {
  const reader = new Client(url, { localAddress: '127.0.0.99' });
  const end = new AbortController();
  void attack.finally(() => end.abort());
  const durations: number[] = [];
  while (!end.signal.aborted) {
    const startedAtMs = performance.now();
    expect((await reader.get('/public')).status).toBe(200);
    durations.push(performance.now() - startedAtMs);
  }
  return durations;
}

function percentile(sorted: number[], percent: number): number {
  return sorted[Math.floor((sorted.length * percent) / 100)] ?? Number.NaN;
}

/** Guesses passwords in parallel. Returns the status codes. */
async function guess(
  url: string,
  nameOf: (guesser: number, round: number) => string,
  addressOf: (guesser: number) => string,
): Promise<number[]> {
  const statuses = await Promise.all(
    Array.from({ length: GUESSERS }, async (_, guesser) => {
      const client = new Client(url, { localAddress: addressOf(guesser) });
      const own: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        own.push((await client.login(nameOf(guesser, round), 'a guess')).status);
      }
      return own;
    }),
  );
  return statuses.flat();
}

test('limits guesses across instances, while pages are served and the owner logs in', async () => {
  const cluster = await startCluster({
    settings: { RATE_LIMITS: 'on', LIMIT_LOGINS_PER_ADDRESS: String(PER_ADDRESS) },
  });
  const alice = new Client(cluster.url);
  await alice.register('alice');
  await alice.login('alice');
  await alice.post('/add_message', { text: 'something to read' });

  // Many addresses guess the password of one user.
  const oneName = guess(
    cluster.url,
    () => 'alice',
    (guesser) => `127.0.1.${guesser + 1}`,
  );
  const duringOneName = await readDuring(cluster.url, oneName);
  const byName = await oneName;

  // One address guesses the passwords of many users.
  const oneAddress = guess(
    cluster.url,
    (guesser, round) => `name ${guesser} ${round}`,
    () => '127.0.2.1',
  );
  const duringOneAddress = await readDuring(cluster.url, oneAddress);
  const byAddress = await oneAddress;

  // One address guesses the password of one user in parallel.
  await alice.register('carol');
  const atOnce = Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const client = new Client(cluster.url, { localAddress: '127.0.2.2' });
      return (await client.login('carol', 'a guess')).status;
    }),
  );
  const duringAll = await readDuring(cluster.url, atOnce);
  const byBoth = await atOnce;

  const pages = [...duringOneName, ...duringOneAddress, ...duringAll].toSorted((a, b) => a - b);
  const countChecked = (statuses: number[]) => statuses.filter((status) => status === 200).length;
  await recordFigures('9. Password guessing', {
    'guesses at one username': byName.length,
    'checked guesses at one username': countChecked(byName),
    'guesses from one address': byAddress.length,
    'checked guesses from one address': countChecked(byAddress),
    'parallel guesses from one address at one username': byBoth.length,
    'checked parallel guesses': countChecked(byBoth),
    'pages during the attacks': pages.length,
    'median page (ms)': percentile(pages, 50),
    '99th percentile (ms)': percentile(pages, 99),
  });
  expectLimited(byName, PER_NAME_ANYWHERE);
  expectLimited(byAddress, PER_ADDRESS);
  expectLimited(byBoth, PER_NAME);

  // A user at another address can log in, and so can the attacked user on a known device.
  const bob = new Client(cluster.url, { localAddress: '127.0.3.1' });
  await bob.register('bob');
  expect((await bob.login('bob')).status).toBe(302);
  expect((await alice.post('/add_message', { text: 'still logged in' })).status).toBe(302);
  await alice.post('/logout');
  expect((await alice.login('alice')).status).toBe(302);
  const stranger = new Client(cluster.url, { localAddress: '127.0.3.2' });
  expect((await stranger.login('alice')).status).toBe(429);
});

/** Expects that no guess beyond a limit was checked. A guess that could not be counted in time has the status 503. */
function expectLimited(statuses: number[], limit: number): void {
  const count = (expected: number) => statuses.filter((status) => status === expected).length;
  expect(statuses.filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
  expect(count(200)).toBeLessThanOrEqual(limit);
  expect(count(200) + count(503)).toBeGreaterThanOrEqual(limit);
}
