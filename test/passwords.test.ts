import { availableParallelism } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { createPasswords } from '../src/passwords/passwords.ts';

const CLIENT = '192.0.2.1';
const FAST_HASH = `$2b$04$${'x'.repeat(53)}`;

const passwords = createPasswords();
afterAll(() => passwords.close());

test('a hash is bcrypt, of cost 10 or more, and matches its password alone', async () => {
  const hash = await passwords.hash('correct horse', CLIENT);
  expect(Number(/^\$2[aby]\$(\d\d)\$/.exec(hash)?.[1])).toBeGreaterThanOrEqual(10);
  expect(await passwords.matches('correct horse', hash, CLIENT)).toBe(true);
  expect(await passwords.matches('Correct horse', hash, CLIENT)).toBe(false);
});

test('what follows the 72nd byte is not ignored', async () => {
  const hash = await passwords.hash('x'.repeat(72), CLIENT);
  expect(await passwords.matches('x'.repeat(72), hash, CLIENT)).toBe(true);
  expect(await passwords.matches('x'.repeat(73), hash, CLIENT)).toBe(false);
});

test('the event loop goes on while passwords are hashed', async () => {
  let turns = 0;
  const turn = () => {
    turns++;
    if (turns < 100) setImmediate(turn);
  };
  setImmediate(turn);
  await passwords.hash('correct horse', CLIENT);
  expect(turns).toBe(100);
});

test('beyond a bound, the hashes of an address are refused, and those of another are not', async () => {
  const compare = (client: string) => passwords.matches('x', FAST_HASH, client);
  const many = Array.from({ length: availableParallelism() * 60 }, () => compare(CLIENT));
  const other = compare('192.0.2.2');
  const results = await Promise.allSettled(many);
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ reason: { code: 'unavailable' } });
  expect(results.length).toBeGreaterThan(refused.length);
  expect(await other).toBe(false);
});

test('the hash of one address does not wait for all hashes of another', async () => {
  const ended: string[] = [];
  const compare = async (client: string) => {
    await passwords.matches('x', FAST_HASH, client);
    ended.push(client);
  };
  const clients = [...Array.from({ length: 30 }, () => CLIENT), '192.0.2.2'];
  await Promise.all(clients.map(compare));
  // Behind the hashes that had a thread before, and one more for each thread.
  expect(ended.indexOf('192.0.2.2')).toBeLessThan(2 * availableParallelism());
});
