import { availableParallelism } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { createPasswords } from '../src/passwords/passwords.ts';

const ADDRESS = '192.0.2.1';
const CLIENT = { address: ADDRESS, account: 'alice' };
const FAST_HASH = `$2b$04$${'x'.repeat(53)}`;
// It takes longer than a thread takes to start.
const SLOWER_HASH = `$2b$08$${'x'.repeat(53)}`;

const passwords = createPasswords();
afterAll(() => passwords.close());

test('a hash is bcrypt, of cost 10 or more, and matches its password alone', async () => {
  const hash = await passwords.hash('correct horse', ADDRESS);
  expect(Number(/^\$2[aby]\$(\d\d)\$/.exec(hash)?.[1])).toBeGreaterThanOrEqual(10);
  expect(await passwords.matches('correct horse', hash, CLIENT)).toBe(true);
  expect(await passwords.matches('Correct horse', hash, CLIENT)).toBe(false);
});

test('what follows the 72nd byte is not ignored', async () => {
  const hash = await passwords.hash('x'.repeat(72), ADDRESS);
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
  await passwords.hash('correct horse', ADDRESS);
  expect(turns).toBe(100);
});

test('beyond a bound, the hashes of an address are refused, and those of another are not', async () => {
  const compare = (address: string, account: string) =>
    passwords.matches('x', FAST_HASH, { address, account });
  const many = Array.from({ length: availableParallelism() * 60 }, (_, index) =>
    compare(ADDRESS, `user ${index}`),
  );
  const other = compare('192.0.2.2', 'bob');
  const results = await Promise.allSettled(many);
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ reason: { code: 'unavailable' } });
  expect(results.length).toBeGreaterThan(refused.length);
  expect(await other).toBe(false);
});

test('the hash of one address does not wait for all hashes of another', async () => {
  const ended: string[] = [];
  const compare = async (address: string, index: number) => {
    await passwords.matches('x', FAST_HASH, { address, account: `user ${index}` });
    ended.push(address);
  };
  const addresses = [...Array.from({ length: 30 }, () => ADDRESS), '192.0.2.2'];
  await Promise.all(addresses.map(compare));
  // Behind the hashes that had a thread before, and one more for each thread.
  expect(ended.indexOf('192.0.2.2')).toBeLessThan(2 * availableParallelism());
});

test('the hash of one account does not wait for all hashes of another behind the same address', async () => {
  const ended: string[] = [];
  const compare = async (account: string) => {
    await passwords.matches('x', SLOWER_HASH, { address: ADDRESS, account });
    ended.push(account);
  };
  const accounts = [...Array.from({ length: 10 }, () => 'alice'), 'bob'];
  await Promise.all(accounts.map(compare));
  expect(ended.indexOf('bob')).toBeLessThan(4);
});

test('beyond a bound, the hashes of an account are refused, from whatever addresses they come', async () => {
  const compare = (index: number, account: string) =>
    passwords.matches('x', FAST_HASH, { address: `192.0.2.${index}`, account });
  const many = Array.from({ length: 12 }, (_, index) => compare(index, 'alice'));
  expect(passwords.waiting()).toBe(10);
  const other = compare(0, 'bob');
  const results = await Promise.allSettled(many);
  expect(results.slice(0, 11)).toEqual(
    Array.from({ length: 11 }, () => ({ status: 'fulfilled', value: false })),
  );
  expect(results[11]).toMatchObject({ reason: { code: 'unavailable' } });
  expect(await other).toBe(false);
  expect(passwords.waiting()).toBe(0);
});
