import { expect, test } from 'vitest';
import { createAudit } from '../../src/repositories/audit.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const users = createUsers(database);
const newUser = { email: 'someone@example.com', passwordHash: '$2b$04$hash' };

test('findUser returns no password hash', async () => {
  const userId = await users.createUser({ ...newUser, username: 'alice' });
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

test('a registration has its time, and servers of 1.10 register users without it', async () => {
  const startS = Math.floor(Date.now() / 1000) - 1;
  const userId = await users.createUser({ ...newUser, username: 'newest' });
  await database.execute(
    `insert into user (username, email, pw_hash) values ('former', 'a@b', 'x')`,
    {},
  );
  const rows = await database.select<{ username: string; registeredS: number | null }>(
    `select username, registered_at as registeredS
     from user
     where user_id >= :userId and :isPrimary
     order by user_id`,
    { userId },
  );
  expect(rows).toEqual([
    { username: 'newest', registeredS: expect.any(Number) as number },
    { username: 'former', registeredS: null },
  ]);
  const registeredS = rows[0]?.registeredS ?? 0;
  expect(registeredS).toBeGreaterThanOrEqual(startS);
  expect(registeredS).toBeLessThanOrEqual(startS + 60);
});

test('replaces a password hash only if it has not changed since it was read', async () => {
  const userId = await users.createUser({ ...newUser, username: 'zoe' });
  await users.createUser({ ...newUser, username: 'yves' });
  const read = { userId, passwordHash: newUser.passwordHash };
  await users.replacePasswordHash(read, '$2b$10$first');
  await users.replacePasswordHash(read, '$2b$10$second');
  expect(await users.findCredentials('zoe')).toMatchObject({ passwordHash: '$2b$10$first' });
  expect(await users.findCredentials('yves')).toMatchObject({ passwordHash: '$2b$04$hash' });
});

test('changes a password and ends all sessions only if neither the password has changed nor the session has ended', async () => {
  const userId = await users.createUser({ ...newUser, username: 'xaver' });
  const other = await users.createUser({ ...newUser, username: 'wim' });
  const sessions = createSessions(database);
  const { passwordHash } = newUser;
  for (const [sessionId, owner] of [['xaver', userId] as const, ['wim', other] as const]) {
    await sessions.saveSession({
      sessionId,
      userId: owner,
      passwordHash,
      hasSecondFactor: false,
      expiresS: 9,
      browser: '',
    });
  }
  const change = (hash: string, sessionId: string) =>
    users.changePassword({ userId, passwordHash: hash }, '$2b$04$new', { sessionId, notice: null });
  await expect(change('another', 'xaver')).rejects.toMatchObject({ code: 'conflict' });
  for (const sessionId of ['ended', 'wim']) {
    await expect(change(passwordHash, sessionId)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  }
  expect(await sessions.listSessions(userId, 0)).toHaveLength(1);
  expect(await users.findCredentials('xaver')).toMatchObject({ passwordHash });

  await change(passwordHash, 'xaver');
  expect(await sessions.listSessions(userId, 0)).toEqual([]);
  expect(await sessions.listSessions(other, 0)).toHaveLength(1);
  expect(await users.findCredentials('xaver')).toMatchObject({ passwordHash: '$2b$04$new' });
});

test('returns null if the user does not exist', async () => {
  expect(await users.findUser('nobody')).toBeNull();
  expect(await users.findCredentials('nobody')).toBeNull();
});

test('compares usernames exactly, including case, accents and trailing spaces', async () => {
  const ids = new Set<number>();
  for (const username of ['Roger', 'roger', 'Rogér', 'straße', 'strasse', '明', '🐙', '🦑']) {
    const userId = await users.createUser({ ...newUser, username });
    expect(await users.findUser(username)).toMatchObject({ userId, username });
    ids.add(userId);
  }
  expect(ids.size).toBe(8);
  expect(await users.findUser('roger ')).toBeNull();
  expect(await users.findCredentials('roger ')).toBeNull();
  expect(await users.findUser('ROGER')).toBeNull();
});

test('one of several concurrent registrations of a name succeeds', async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 10 }, () => users.createUser({ ...newUser, username: 'wanted' })),
  );
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const attempt of attempts.filter(({ status }) => status === 'rejected')) {
    expect(attempt).toMatchObject({
      reason: { code: 'conflict', message: 'The username is already taken' },
    });
  }
});

test('stores quotes and backslashes unchanged', async () => {
  const username = `\\' or '1'='1" -- \\`;
  const userId = await users.createUser({ ...newUser, username });
  expect(await users.findUser(username)).toMatchObject({ userId, username });
});

test('makes a user a moderator once, and records each decision of the operator', async () => {
  const userId = await users.createUser({ ...newUser, username: 'mo' });
  const { passwordHash } = newUser;
  const sessions = createSessions(database);
  await sessions.saveSession({
    sessionId: 'mo',
    userId,
    passwordHash,
    hasSecondFactor: false,
    expiresS: 100,
    browser: '',
  });
  const isModerator = async () => (await sessions.findSession('mo', 0))?.isModerator;
  const mo = { userId, username: 'mo' };
  expect(await isModerator()).toBe(false);
  expect(await users.setModerator(mo, true, 'trusted')).toBe(true);
  expect(await users.setModerator(mo, true, 'again')).toBe(false);
  expect(await isModerator()).toBe(true);
  expect(await users.setModerator(mo, false, 'on leave')).toBe(true);
  expect(await isModerator()).toBe(false);
  const decision = { actor: null, userId, username: 'mo', messageId: null };
  expect(await createAudit(database).listDecisionsAbout([userId])).toMatchObject([
    { ...decision, action: 'end_moderator', reason: 'on leave' },
    { ...decision, action: 'make_moderator', reason: 'trusted' },
  ]);
});
