import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createPasskeys, type NewPasskey, PASSKEYS_MAX } from '../../src/repositories/passkeys.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import { type Credentials, createUsers } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const users = createUsers(database);
const sessions = createSessions(database);
const passkeys = createPasskeys(database);
const otherPasskeys = createPasskeys(otherDatabase);
const both = [passkeys, otherPasskeys] as const;

async function createUser(username: string): Promise<Credentials> {
  const passwordHash = `hash of ${username}`;
  const userId = await users.createUser({ username, email: 'a@b', passwordHash });
  return { userId, passwordHash };
}

function newPasskey(name: string, bytes = 32): NewPasskey {
  return {
    credentialId: randomBytes(bytes).toString('base64url'),
    publicKey: randomBytes(77),
    counter: 0,
    name,
    transports: ['internal', 'hybrid'],
  };
}

test('stores and lists the passkeys of a user, also with the longest id', async () => {
  const alice = await createUser('alice');
  const bob = await createUser('bob');
  const phone = newPasskey('a phone 📱');
  const longest = newPasskey('x'.repeat(64), 1023);
  await passkeys.createPasskey(alice, phone, null);
  await passkeys.createPasskey(bob, longest, null);
  const [listed] = await passkeys.listPasskeys(alice.userId);
  expect(listed).toMatchObject({ credentialId: phone.credentialId, name: 'a phone 📱' });
  expect(listed?.createdS).toBeGreaterThan(1_700_000_000);
  expect(listed?.usedS).toBe(listed?.createdS);
  expect(await passkeys.listPasskeys(alice.userId)).toHaveLength(1);
  expect(await passkeys.findPasskey(longest.credentialId)).toEqual({
    ...bob,
    username: 'bob',
    credentialId: longest.credentialId,
    publicKey: longest.publicKey,
    counter: 0,
  });
  expect(await passkeys.findPasskey('unknown')).toBeNull();
  expect(await passkeys.findPasskey(phone.credentialId.toLowerCase())).toBeNull();
});

test('refuses a passkey that exists, also for another user', async () => {
  const carol = await createUser('carol');
  const dave = await createUser('dave');
  const passkey = newPasskey('one');
  await passkeys.createPasskey(carol, passkey, null);
  await expect(passkeys.createPasskey(dave, passkey, null)).rejects.toMatchObject({
    code: 'conflict',
    message: 'This passkey exists already.',
  });
  expect(await passkeys.findPasskey(passkey.credentialId)).toMatchObject({ username: 'carol' });
});

test('a user has at most 20 passkeys, also if two instances create one at the same time', async () => {
  const erin = await createUser('erin');
  for (let index = 1; index < PASSKEYS_MAX; index++) {
    await passkeys.createPasskey(erin, newPasskey(`${index}`), null);
  }
  const last = both.map((each) => each.createPasskey(erin, newPasskey('last'), null));
  const results = await Promise.allSettled(last);
  expect(results.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { code: 'conflict', message: 'You can have at most 20 passkeys.' } },
  ]);
  expect(await passkeys.listPasskeys(erin.userId)).toHaveLength(PASSKEYS_MAX);
});

test('changes nothing if the password is no longer the verified one', async () => {
  const faye = await createUser('faye');
  const passkey = newPasskey('one');
  const read = { ...faye, passwordHash: 'old' };
  const conflict = { code: 'conflict' };
  await expect(passkeys.createPasskey(read, passkey, null)).rejects.toMatchObject(conflict);
  await passkeys.createPasskey(faye, passkey, null);
  const removal = { credentialId: passkey.credentialId, sessionId: '', notice: null };
  await expect(passkeys.removePasskey(read, removal)).rejects.toMatchObject(conflict);
  expect(await passkeys.listPasskeys(faye.userId)).toHaveLength(1);
});

test('accepts each challenge once, also at two instances at the same time', async () => {
  const gus = await createUser('gus');
  const { credentialId, ...passkey } = newPasskey('one');
  await passkeys.createPasskey(gus, { credentialId, ...passkey }, null);
  const use = (challengeMs: number) =>
    Promise.all(both.map((each) => each.acceptUse({ credentialId, counter: 0, challengeMs })));
  for (const challengeMs of [5, 6, 9]) {
    expect(new Set(await use(challengeMs))).toEqual(new Set([true, false]));
  }
  expect(await use(8)).toEqual([false, false]);
});

test('refuses a counter that has not increased, except of an authenticator that does not count', async () => {
  const hal = await createUser('hal');
  const { credentialId, ...passkey } = newPasskey('one');
  await passkeys.createPasskey(hal, { credentialId, ...passkey }, null);
  let challengeMs = 0;
  const use = (counter: number) =>
    passkeys.acceptUse({ credentialId, counter, challengeMs: ++challengeMs });
  expect(await use(0)).toBe(true);
  expect(await use(0)).toBe(true);
  expect(await use(7)).toBe(true);
  for (const counter of [7, 6, 0]) expect(await use(counter)).toBe(false);
  expect(await use(8)).toBe(true);
  expect(await passkeys.findPasskey(credentialId)).toMatchObject({ counter: 8 });
});

test('removes a passkey of its user only, and ends all other sessions of the user', async () => {
  const ida = await createUser('ida');
  const judy = await createUser('judy');
  const { credentialId, ...passkey } = newPasskey('one');
  await passkeys.createPasskey(ida, { credentialId, ...passkey }, null);
  for (const [sessionId, user] of [
    ['ida 1', ida],
    ['ida 2', ida],
    ['judy', judy],
  ] as const) {
    const session = { ...user, sessionId, hasSecondFactor: true, expiresS: 9, browser: '' };
    await sessions.saveSession(session);
  }
  await passkeys.removePasskey(judy, { credentialId, sessionId: '', notice: null });
  expect(await passkeys.findPasskey(credentialId)).not.toBeNull();
  expect(await sessions.listSessions(judy.userId, 0)).toHaveLength(1);
  await passkeys.removePasskey(ida, { credentialId, sessionId: 'ida 2', notice: null });
  expect(await passkeys.findPasskey(credentialId)).toBeNull();
  const left = await sessions.listSessions(ida.userId, 0);
  expect(left.map(({ sessionId }) => sessionId)).toEqual(['ida 2']);
  expect(await passkeys.acceptUse({ credentialId, counter: 0, challengeMs: 99 })).toBe(false);
});
