import { expect, test } from 'vitest';
import { createUsers } from '../../src/repositories/users.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const users = createUsers(database);
const person = { email: 'someone@example.com', passwordHash: '$2b$04$hash' };

test('a user is found by name, without the hash of the password', async () => {
  const userId = await users.createUser({ ...person, username: 'alice' });
  expect(await users.findUser('alice')).toEqual({
    userId,
    username: 'alice',
    email: 'someone@example.com',
  });
  expect(await users.findCredentials('alice')).toMatchObject({
    userId,
    passwordHash: '$2b$04$hash',
  });
});

test('a hash is replaced only if it is still the one that was read', async () => {
  const userId = await users.createUser({ ...person, username: 'zoe' });
  await users.createUser({ ...person, username: 'yves' });
  const read = { userId, passwordHash: person.passwordHash };
  await users.replacePasswordHash(read, '$2b$10$first');
  await users.replacePasswordHash(read, '$2b$10$second');
  expect(await users.findCredentials('zoe')).toMatchObject({ passwordHash: '$2b$10$first' });
  expect(await users.findCredentials('yves')).toMatchObject({ passwordHash: '$2b$04$hash' });
});

test('nobody is null', async () => {
  expect(await users.findUser('nobody')).toBeNull();
  expect(await users.findCredentials('nobody')).toBeNull();
});

test('names are compared exactly: case, accents, and spaces at the end', async () => {
  const ids = new Set<number>();
  for (const username of ['Roger', 'roger', 'Rogér', 'straße', 'strasse', '明', '🐙', '🦑']) {
    const userId = await users.createUser({ ...person, username });
    expect(await users.findUser(username)).toMatchObject({ userId, username });
    ids.add(userId);
  }
  expect(ids.size).toBe(8);
  expect(await users.findUser('roger ')).toBeNull();
  expect(await users.findCredentials('roger ')).toBeNull();
  expect(await users.findUser('ROGER')).toBeNull();
});

test('of many who want one name at once, one gets it', async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 10 }, () => users.createUser({ ...person, username: 'wanted' })),
  );
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const attempt of attempts.filter(({ status }) => status === 'rejected')) {
    expect(attempt).toMatchObject({
      reason: { code: 'conflict', message: 'The username is already taken' },
    });
  }
});

test('quotes and backslashes in values stay values', async () => {
  const username = `\\' or '1'='1" -- \\`;
  const userId = await users.createUser({ ...person, username });
  expect(await users.findUser(username)).toMatchObject({ userId, username });
});
