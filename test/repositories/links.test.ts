import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import {
  consumeLink,
  createLink,
  createLinks,
  type LinkPurpose,
  lockUser,
  revokeLinks,
} from '../../src/repositories/links.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const users = createUsers(database);
const links = createLinks(database);
const sessions = createSessions(database);
const email = 'someone@example.com';
const notice = { recipient: email, subject: 'News', text: 'Hello', link: null };

/** Logs in a user, and changes the password. */
async function changePassword(userId: number, [from, to]: [string, string]): Promise<void> {
  const sessionId = `session of ${userId}`;
  const login = { hasSecondFactor: false, expiresS: 4_000_000_000, browser: '' };
  await sessions.saveSession({ ...login, sessionId, userId, passwordHash: from });
  await users.changePassword({ userId, passwordHash: from }, to, { sessionId, notice });
}

const createUser = (username: string) => users.createUser({ username, email, passwordHash: 'x' });
const create = (userId: number, purpose: LinkPurpose = 'reset', newEmail = '') =>
  database.transact((transaction) => createLink(transaction, { userId, purpose, email: newEmail }));
const expire = (userId: number) =>
  database.execute('update link set expires_s = unix_timestamp() where user_id = :userId', {
    userId,
  });

test('finds a link with its user, for its purpose only', async () => {
  const userId = await createUser('alice');
  const token = await create(userId, 'email', 'new@example.com');
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(await links.findLink(token, 'email')).toEqual({
    token,
    userId,
    username: 'alice',
    email: 'new@example.com',
    currentEmail: email,
  });
  expect(await links.findLink(token, 'reset')).toBeNull();
  expect(await links.findLink(`${token.slice(0, -1)}~`, 'email')).toBeNull();
});

test('stores no token', async () => {
  const token = await create(await createUser('bea'));
  expect(JSON.stringify(await database.select('select token_hash from link'))).not.toContain(token);
});

test('a link can be used once, also by concurrent transactions of two instances', async () => {
  const userId = await createUser('carla');
  const token = await create(userId);
  const results = await Promise.all(
    [database, otherDatabase, database, otherDatabase].map((each) =>
      each.transact((transaction) => consumeLink(transaction, { token, userId })),
    ),
  );
  expect(results.filter(Boolean)).toEqual([true]);
  expect(await links.findLink(token, 'reset')).toBeNull();
});

test('an expired link cannot be used, and is deleted later', async () => {
  const userId = await createUser('emma');
  const token = await create(userId);
  const other = await create(await createUser('fay'));
  await expire(userId);
  expect(await links.findLink(token, 'reset')).toBeNull();
  expect(
    await database.transact((transaction) => consumeLink(transaction, { token, userId })),
  ).toBe(false);
  expect(await links.deleteExpiredLinks(10)).toBe(1);
  expect(await links.deleteExpiredLinks(10)).toBe(0);
  expect(await links.findLink(other, 'reset')).not.toBeNull();
});

test('a user has at most five links, the newest ones', async () => {
  const userId = await createUser('gina');
  const tokens: string[] = [];
  for (let index = 0; index < 7; index++) {
    // Otherwise, all links would expire in the same second.
    await database.execute('update link set expires_s = expires_s - 10 where user_id = :userId', {
      userId,
    });
    tokens.push(await create(userId));
  }
  const found = await Promise.all(tokens.map((token) => links.findLink(token, 'reset')));
  expect(found.map((link) => link !== null)).toEqual([false, false, true, true, true, true, true]);
});

test('revokes the links of a user for some purposes', async () => {
  const userId = await createUser('hedy');
  const other = await create(await createUser('ida'));
  const reset = await create(userId);
  const confirmation = await create(userId, 'email', 'new@example.com');
  await database.transact((transaction) => revokeLinks(transaction, userId, ['email']));
  expect(await links.findLink(confirmation, 'email')).toBeNull();
  expect(await links.findLink(reset, 'reset')).not.toBeNull();
  await database.transact((transaction) => revokeLinks(transaction, userId));
  expect(await links.findLink(reset, 'reset')).toBeNull();
  expect(await links.findLink(other, 'reset')).not.toBeNull();
});

test('a change of the password revokes all links', async () => {
  const userId = await createUser('jana');
  const token = await create(userId);
  await changePassword(userId, ['x', 'y']);
  expect(await links.findLink(token, 'reset')).toBeNull();
});

test('concurrent changes of users do not deadlock', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => createUser(`k${index}`)));
  for (let round = 0; round < 10; round++) {
    const results = await Promise.allSettled(
      ids.flatMap((userId): Promise<unknown>[] => [
        database.transact(async (transaction) => {
          await lockUser(transaction, userId);
          return createLink(transaction, { userId, purpose: 'reset', email: '' });
        }),
        changePassword(userId, round % 2 === 0 ? ['x', 'y'] : ['y', 'x']),
      ]),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
  }
});
