import { beforeAll, expect, test } from 'vitest';
import { createSessions } from '../../src/repositories/sessions.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const sessions = createSessions(database);
const now = 1_800_000_000;
let alice: number;

beforeAll(async () => {
  const users = createUsers(database);
  alice = await users.createUser({ username: 'alice', email: 'a@example.com', passwordHash: 'x' });
});

test('a session is found until it ends', async () => {
  await sessions.saveSession('one', alice, now + 10);
  const found = { userId: alice, username: 'alice', expiresS: now + 10 };
  expect(await sessions.findSession('one', now)).toEqual(found);
  expect(await sessions.findSession('one', now + 9)).toEqual(found);
  expect(await sessions.findSession('one', now + 10)).toBeNull();
  expect(await sessions.findSession('One', now)).toBeNull();
});

test('a session can be prolonged, but not once it is gone', async () => {
  await sessions.saveSession('two', alice, now + 10);
  await sessions.extendSession('two', now + 20);
  expect(await sessions.findSession('two', now + 15)).toMatchObject({ expiresS: now + 20 });

  await sessions.deleteSession('two');
  await sessions.extendSession('two', now + 30);
  expect(await sessions.findSession('two', now)).toBeNull();
});

test('expired sessions are deleted, a bounded number at a time', async () => {
  for (let index = 0; index < 5; index++) {
    await sessions.saveSession(`old ${index}`, alice, now - 100);
  }
  await sessions.saveSession('young', alice, now + 100);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(3);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(2);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(0);
  expect(await sessions.findSession('young', now)).not.toBeNull();
});

test('a person who is removed by hand has no sessions left', async () => {
  await sessions.saveSession('three', alice, now + 10);
  await database.change('delete from user where user_id = :alice', { alice });
  expect(await sessions.findSession('three', now)).toBeNull();
});
