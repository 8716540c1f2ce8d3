import { availableParallelism } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { createPasswords } from '../src/passwords/passwords.ts';

const passwords = createPasswords();
afterAll(() => passwords.close());

test('a hash is bcrypt, of cost 10 or more, and matches its password alone', async () => {
  const hash = await passwords.hash('correct horse');
  expect(Number(/^\$2[aby]\$(\d\d)\$/.exec(hash)?.[1])).toBeGreaterThanOrEqual(10);
  expect(await passwords.matches('correct horse', hash)).toBe(true);
  expect(await passwords.matches('Correct horse', hash)).toBe(false);
});

test('what follows the 72nd byte is not ignored', async () => {
  const hash = await passwords.hash('x'.repeat(72));
  expect(await passwords.matches('x'.repeat(72), hash)).toBe(true);
  expect(await passwords.matches('x'.repeat(73), hash)).toBe(false);
});

test('the event loop goes on while passwords are hashed', async () => {
  let turns = 0;
  const turn = () => {
    turns++;
    if (turns < 100) setImmediate(turn);
  };
  setImmediate(turn);
  await passwords.hash('correct horse');
  expect(turns).toBe(100);
});

test('beyond a bound, hashing is refused instead of queued', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: availableParallelism() * 60 }, () =>
      passwords.matches('x', `$2b$04$${'x'.repeat(53)}`),
    ),
  );
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ reason: { code: 'unavailable' } });
  expect(results.length).toBeGreaterThan(refused.length);
});
