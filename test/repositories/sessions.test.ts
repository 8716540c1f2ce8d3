import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const sessions = createSessions(database);
const now = 1_800_000_000;
let alice: number;

beforeAll(async () => {
  const users = createUsers(database);
  alice = await users.createUser({ username: 'alice', email: 'a@example.com', passwordHash: 'x' });
});

test('finds a session until it expires', async () => {
  await sessions.saveSession('one', alice, now + 10);
  const found = { userId: alice, username: 'alice', expiresS: now + 10 };
  expect(await sessions.findSession('one', now)).toEqual(found);
  expect(await sessions.findSession('one', now + 9)).toEqual(found);
  expect(await sessions.findSession('one', now + 10)).toBeNull();
  expect(await sessions.findSession('One', now)).toBeNull();
});

test('extends a session, but not a deleted one', async () => {
  await sessions.saveSession('two', alice, now + 10);
  await sessions.extendSession('two', now + 20);
  expect(await sessions.findSession('two', now + 15)).toMatchObject({ expiresS: now + 20 });

  await sessions.deleteSession('two');
  await sessions.extendSession('two', now + 30);
  expect(await sessions.findSession('two', now)).toBeNull();
});

test('deleteExpiredSessions deletes at most `limit` expired sessions', async () => {
  for (let index = 0; index < 5; index++) {
    await sessions.saveSession(`old ${index}`, alice, now - 100);
  }
  await sessions.saveSession('young', alice, now + 100);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(3);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(2);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(0);
  expect(await sessions.findSession('young', now)).not.toBeNull();
});

test('concurrent logins of one user all succeed, and leave at most 20 sessions', async () => {
  const users = createUsers(database);
  const bob = await users.createUser({ username: 'bob', email: 'b@b', passwordHash: 'x' });
  const others = await users.createUser({ username: 'carol', email: 'c@c', passwordHash: 'x' });
  await sessions.saveSession('of another user', others, now);
  const other = createSessions(otherDatabase);
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (index % 2 ? sessions : other).saveSession(`bob ${round} ${index}`, bob, now + 100 + round),
      ),
    );
  }
  const rows = await database.select<{ id: string }>(
    'select session_id as id from session where user_id = :bob',
    { bob },
  );
  // Each login retains its own session and 19 others, and concurrent logins may agree on only 19.
  expect([19, 20]).toContain(rows.length);
  // The sessions of the last round expire last.
  expect(rows.filter(({ id }) => !id.startsWith('bob 2'))).toEqual([]);
  expect(await sessions.findSession('of another user', now - 1)).not.toBeNull();
});

test('retains the new session even if all others expire later', async () => {
  const users = createUsers(database);
  const dan = await users.createUser({ username: 'dan', email: 'd@d', passwordHash: 'x' });
  for (let index = 0; index < 20; index++) {
    await sessions.saveSession(`dan ${index}`, dan, now + 1000 + index);
  }
  await sessions.saveSession('dan last', dan, now + 1);
  expect(await sessions.findSession('dan last', now)).not.toBeNull();
  expect(await sessions.findSession('dan 0', now)).toBeNull();
  expect(await sessions.findSession('dan 1', now)).not.toBeNull();
});

test('a login deletes at most 500 sessions', async () => {
  const users = createUsers(database);
  const eve = await users.createUser({ username: 'eve', email: 'e@e', passwordHash: 'x' });
  const rows = Array.from({ length: 700 }, (_, index) => [`eve ${index}`, eve, now + 10]);
  await database.execute('insert into session (session_id, user_id, expires_s) values :rows', {
    rows,
  });
  const count = async () =>
    (await database.select('select 1 from session where user_id = :eve', { eve })).length;
  await sessions.saveSession('eve new', eve, now + 20);
  expect(await count()).toBe(201);
  await sessions.saveSession('eve newer', eve, now + 20);
  expect(await count()).toBe(20);
});
