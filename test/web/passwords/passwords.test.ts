import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority } from 'node:os';
import { compareSync, getRounds, hashSync } from 'bcryptjs';
import { afterAll, expect, test } from 'vitest';
import { createPasswords } from '../../../src/web/passwords/passwords.ts';

const ADDRESS = '192.0.2.1';
const CLIENT = { address: ADDRESS, account: 'alice' };
const FAST_HASH = `$2b$04$${'x'.repeat(53)}`;
// A comparison with this hash takes longer than the start of a thread.
const SLOWER_HASH = `$2b$08$${'x'.repeat(53)}`;

const passwords = createPasswords();
afterAll(() => passwords.close());

test('a hash is bcrypt with a cost of 10 or more, and matches only its password', async () => {
  const stored = await passwords.hash('correct horse', ADDRESS);
  expect(getRounds(stored)).toBeGreaterThanOrEqual(10);
  expect(await passwords.matches('correct horse', stored, CLIENT)).toBe(true);
  expect(await passwords.matches('Correct horse', stored, CLIENT)).toBe(false);
});

test('hashes a password of 72 bytes without an HMAC', async () => {
  const password = '密'.repeat(24);
  expect(compareSync(password, await passwords.hash(password, ADDRESS))).toBe(true);
  expect(await passwords.matches(password, hashSync(password, 4), CLIENT)).toBe(true);
});

test('hashes the HMAC of a longer password, whose key no version may change', async () => {
  const password = `${'密'.repeat(24)}!`;
  const stored = await passwords.hash(password, ADDRESS);
  const key = 'MiniTwit: passwords of more than 72 bytes';
  const keyed = createHmac('sha256', key).update(password).digest('base64');
  expect(compareSync(keyed, stored)).toBe(true);
  expect(await passwords.matches(password, stored, CLIENT)).toBe(true);
});

test('compares every character of a long password', async () => {
  const all = 'x'.repeat(256);
  const stored = await passwords.hash(all, ADDRESS);
  expect(await passwords.matches(all, stored, CLIENT)).toBe(true);
  for (const other of [`${'x'.repeat(255)}y`, 'x'.repeat(255), 'x'.repeat(72)]) {
    expect(await passwords.matches(other, stored, CLIENT)).toBe(false);
  }
  const shorter = hashSync('x'.repeat(72), 4);
  expect(await passwords.matches('x'.repeat(73), shorter, CLIENT)).toBe(false);
});

test('rehashes a password only if its hash has a lower cost', async () => {
  const renewed = await passwords.rehash('correct horse', hashSync('correct horse', 4), ADDRESS);
  expect(getRounds(String(renewed))).toBe(10);
  expect(compareSync('correct horse', String(renewed))).toBe(true);
  expect(await passwords.rehash('correct horse', String(renewed), ADDRESS)).toBeNull();
  expect(await passwords.rehash('x', `$2b$11$${'x'.repeat(53)}`, ADDRESS)).toBeNull();
});

test('hashes in threads with a lower priority than pages', async () => {
  await passwords.hash('correct horse', ADDRESS);
  const niceness = readdirSync('/proc/self/task').map(readNiceness);
  expect(niceness).toContain(getPriority());
  expect(niceness).toContain(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL));
});

test('does not rehash while other passwords are queued', async () => {
  const others = Array.from({ length: availableParallelism() + 1 }, () =>
    passwords.hash('x', ADDRESS),
  );
  expect(passwords.queued()).toBeGreaterThan(0);
  await expect(passwords.rehash('x', FAST_HASH, '192.0.2.2')).rejects.toMatchObject({
    code: 'unavailable',
  });
  await Promise.all(others);
  expect(await passwords.rehash('x', FAST_HASH, '192.0.2.2')).toMatch(/^\$2b\$10\$/);
});

test('does not block the event loop', async () => {
  let turns = 0;
  const turn = () => {
    turns++;
    if (turns < 100) setImmediate(turn);
  };
  setImmediate(turn);
  await passwords.hash('correct horse', ADDRESS);
  expect(turns).toBe(100);
});

test('rejects passwords of an address whose queue is full, and accepts those of another address', async () => {
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

test('hashes a password before the queued ones of another address', async () => {
  const ended: string[] = [];
  const compare = async (address: string, index: number) => {
    await passwords.matches('x', FAST_HASH, { address, account: `user ${index}` });
    ended.push(address);
  };
  const addresses = [...Array.from({ length: 30 }, () => ADDRESS), '192.0.2.2'];
  await Promise.all(addresses.map(compare));
  // The earlier passwords that had a thread, and one more for each thread, come first.
  expect(ended.indexOf('192.0.2.2')).toBeLessThan(2 * availableParallelism());
});

test('compares a password before the queued ones of another account at the same address', async () => {
  const ended: string[] = [];
  const compare = async (account: string) => {
    await passwords.matches('x', SLOWER_HASH, { address: ADDRESS, account });
    ended.push(account);
  };
  const accounts = [...Array.from({ length: 10 }, () => 'alice'), 'bob'];
  await Promise.all(accounts.map(compare));
  expect(ended.indexOf('bob')).toBeLessThan(4);
});

test('rejects a password if too many of its account are queued, from any address', async () => {
  const compare = (index: number, account: string) =>
    passwords.matches('x', FAST_HASH, { address: `192.0.2.${index}`, account });
  const many = Array.from({ length: 12 }, (_, index) => compare(index, 'alice'));
  expect(passwords.queued()).toBe(10);
  const other = compare(0, 'bob');
  const results = await Promise.allSettled(many);
  expect(results.slice(0, 11)).toEqual(
    Array.from({ length: 11 }, () => ({ status: 'fulfilled', value: false })),
  );
  expect(results[11]).toMatchObject({ reason: { code: 'unavailable' } });
  expect(await other).toBe(false);
  expect(passwords.queued()).toBe(0);
});

/** Returns the niceness of a thread of this process, and null if the thread has ended. */
function readNiceness(id: string): number | null {
  try {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    // The name of the thread comes first, in parentheses.
    return Number(stat.slice(stat.lastIndexOf(') ')).split(' ')[17]);
  } catch {
    return null;
  }
}
