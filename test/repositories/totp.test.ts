import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createRecoveryCodeRepository } from '../../src/repositories/recovery-codes.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import { createTotp } from '../../src/repositories/totp.ts';
import { type Credentials, createUsers } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const users = createUsers(database);
const sessions = createSessions(database);
const totp = createTotp(database);
const otherTotp = createTotp(otherDatabase);
const recoveryCodes = createRecoveryCodeRepository(database);
const otherRecoveryCodes = createRecoveryCodeRepository(otherDatabase);
const HASHES = ['one', 'two', 'three'];
const NEW_TOTP = { secret: 'sealed', step: 100, recoveryCodeHashes: HASHES };
const CHANGE = { sessionId: '', notice: null };

async function createUser(username: string): Promise<Credentials> {
  const passwordHash = `hash of ${username}`;
  return {
    userId: await users.createUser({ username, email: 'a@b', passwordHash }),
    passwordHash,
  };
}

/** Stores a session whose id is the username. Returns whether it was stored. */
function saveSession(
  sessionId: string,
  credentials: Credentials,
  { hasSecondFactor = false } = {},
): Promise<boolean> {
  return sessions.saveSession({
    ...credentials,
    sessionId,
    hasSecondFactor,
    expiresS: 9,
    browser: '',
  });
}

async function listSessionIds(userId: number): Promise<string[]> {
  const listed = await sessions.listSessions(userId, 0);
  return listed.map(({ sessionId }) => sessionId).toSorted();
}

const BY_OPERATOR = { actor: null, reason: '' };

test('turns codes on and off, and ends all other sessions each time', async () => {
  const alice = await createUser('alice');
  const other = await createUser('other');
  await saveSession('alice 1', alice);
  await saveSession('alice 2', alice);
  await saveSession('other', other);
  expect(await totp.findTotpUser(alice.userId)).toBeNull();
  await totp.turnOn(alice, NEW_TOTP, { ...CHANGE, sessionId: 'alice 1' });
  expect(await totp.findTotpUser(alice.userId)).toEqual({
    ...alice,
    username: 'alice',
    secret: 'sealed',
  });
  expect(await totp.findTotpUser(other.userId)).toBeNull();
  expect(await recoveryCodes.countCodes(alice.userId)).toBe(3);
  expect(await listSessionIds(alice.userId)).toEqual(['alice 1']);

  await saveSession('alice 3', alice, { hasSecondFactor: true });
  await totp.turnOff(alice, { ...CHANGE, sessionId: 'alice 3' });
  await totp.turnOff(alice, { ...CHANGE, sessionId: 'alice 3' });
  expect(await totp.findTotpUser(alice.userId)).toBeNull();
  expect(await recoveryCodes.countCodes(alice.userId)).toBe(0);
  expect(await listSessionIds(alice.userId)).toEqual(['alice 3']);
  expect(await listSessionIds(other.userId)).toEqual(['other']);
});

test('refuses to turn on codes twice, and retains the first secret and its recovery codes', async () => {
  const bob = await createUser('bob');
  const attempts = await Promise.allSettled([
    totp.turnOn(bob, { ...NEW_TOTP, secret: 'sealed 1' }, CHANGE),
    otherTotp.turnOn(
      bob,
      { ...NEW_TOTP, secret: 'sealed 2', recoveryCodeHashes: ['four'] },
      CHANGE,
    ),
  ]);
  const isFirst = attempts[0].status === 'fulfilled';
  expect(attempts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(attempts.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'conflict', message: 'Two-factor sign-in is already on.' },
  });
  const secret = isFirst ? 'sealed 1' : 'sealed 2';
  expect(await totp.findTotpUser(bob.userId)).toMatchObject({ secret });
  expect(await recoveryCodes.countCodes(bob.userId)).toBe(isFirst ? 3 : 1);
});

test('changes nothing if the password is no longer the verified one', async () => {
  const carol = await createUser('carol');
  const read = { ...carol, passwordHash: 'old' };
  const conflict = { code: 'conflict' };
  await expect(totp.turnOn(read, NEW_TOTP, CHANGE)).rejects.toMatchObject(conflict);
  expect(await totp.findTotpUser(carol.userId)).toBeNull();
  await totp.turnOn(carol, NEW_TOTP, CHANGE);
  await expect(totp.turnOff(read, CHANGE)).rejects.toMatchObject(conflict);
  await expect(recoveryCodes.replaceCodes(read, ['four'], null)).rejects.toMatchObject(conflict);
  expect(await recoveryCodes.countCodes(carol.userId)).toBe(3);
});

test('accepts each time step once, also if two instances receive the code at the same time', async () => {
  const dave = await createUser('dave');
  await totp.turnOn(dave, NEW_TOTP, CHANGE);
  const accept = (step: number) =>
    [totp, otherTotp].map((each) => each.acceptCode(dave.userId, step));
  // The step with which the user turned on codes is used, too.
  expect(await Promise.all(accept(100))).toEqual([false, false]);
  for (let step = 101; step < 110; step++) {
    expect(new Set(await Promise.all(accept(step)))).toEqual(new Set([true, false]));
  }
  expect(await Promise.all(accept(105))).toEqual([false, false]);
});

test('lists the secrets that do not begin with a prefix, and replaces one unless it has changed', async () => {
  const erin = await createUser('erin');
  const emil = await createUser('emil');
  const eva = await createUser('eva');
  const turnOn = (user: Credentials, secret: string) =>
    totp.turnOn(user, { ...NEW_TOTP, secret }, CHANGE);
  await turnOn(erin, 'old.1');
  await turnOn(emil, 'new.2');
  await turnOn(eva, 'old.3');
  const before = erin.userId - 1;
  const all = await totp.listSecretsWithout('new.', before, 10);
  expect(all).toEqual([
    { userId: erin.userId, secret: 'old.1' },
    { userId: eva.userId, secret: 'old.3' },
  ]);
  expect(await totp.listSecretsWithout('new.', before, 1)).toEqual(all.slice(0, 1));
  expect(await totp.listSecretsWithout('new.', erin.userId, 10)).toEqual(all.slice(1));
  const read = { userId: erin.userId, secret: 'old.1' };
  expect(await totp.replaceSecret(read, 'new.1')).toBe(true);
  expect(await totp.replaceSecret(read, 'old.9')).toBe(false);
  expect(await totp.findTotpUser(erin.userId)).toMatchObject({ secret: 'new.1' });
  expect(await totp.listSecretsWithout('new.', before, 10)).toEqual(all.slice(1));
});

test('accepts each recovery code of the user once, also at two instances at the same time', async () => {
  const faye = await createUser('faye');
  const gus = await createUser('gus');
  await totp.turnOn(faye, NEW_TOTP, CHANGE);
  expect(await recoveryCodes.useCode(gus.userId, 'one')).toBe(false);
  expect(await recoveryCodes.useCode(faye.userId, 'One')).toBe(false);
  const uses = [recoveryCodes, otherRecoveryCodes].map((each) => each.useCode(faye.userId, 'one'));
  expect(new Set(await Promise.all(uses))).toEqual(new Set([true, false]));
  expect(await recoveryCodes.countCodes(faye.userId)).toBe(2);

  await recoveryCodes.replaceCodes(faye, ['four'], null);
  expect(await recoveryCodes.useCode(faye.userId, 'two')).toBe(false);
  expect(await recoveryCodes.useCode(faye.userId, 'four')).toBe(true);
});

test('removeSecondFactor turns off codes without a password, and leaves the sessions', async () => {
  const hal = await createUser('hal');
  await saveSession('hal', hal);
  await totp.turnOn(hal, NEW_TOTP, { ...CHANGE, sessionId: 'hal' });
  expect(await totp.removeSecondFactor(hal.userId, BY_OPERATOR)).toBe(true);
  expect(await totp.removeSecondFactor(hal.userId, BY_OPERATOR)).toBe(false);
  expect(await totp.findTotpUser(hal.userId)).toBeNull();
  expect(await recoveryCodes.countCodes(hal.userId)).toBe(0);
  expect(await listSessionIds(hal.userId)).toEqual(['hal']);
});

test('a login without a code stores no session for a user who has turned on codes', async () => {
  const ida = await createUser('ida');
  await totp.turnOn(ida, NEW_TOTP, CHANGE);
  expect(await saveSession('ida', ida)).toBe(false);
  expect(await listSessionIds(ida.userId)).toEqual([]);
  expect(await saveSession('ida', ida, { hasSecondFactor: true })).toBe(true);
});

test('a login without a code waits for the user who turns on codes, and stores no session', async () => {
  const judy = await createUser('judy');
  const { userId } = judy;
  let login = Promise.resolve(true);
  await otherDatabase.transact(async (transaction) => {
    await transaction.select('select 1 from user where user_id = :userId for update', { userId });
    login = saveSession('judy', judy);
    await waitFor('the login waits for the lock', async () => {
      const sql = `select 1 from information_schema.processlist
        where db = database() and info like 'insert into session%''judy''%'`;
      return (await database.select(sql)).length > 0;
    });
    await transaction.execute(`insert into totp (user_id, secret) values (:userId, 'sealed')`, {
      userId,
    });
  });
  expect(await login).toBe(false);
  expect(await listSessionIds(userId)).toEqual([]);
});

test('a session that ended when codes were turned on changes no password', async () => {
  const lea = await createUser('lea');
  await saveSession('lea 1', lea);
  await saveSession('lea 2', lea);
  await totp.turnOn(lea, NEW_TOTP, { sessionId: 'lea 1', notice: null });
  const change = users.changePassword(lea, 'new', { sessionId: 'lea 2', notice: null });
  await expect(change).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(await listSessionIds(lea.userId)).toEqual(['lea 1']);
});

test('concurrent logins without a code neither deadlock nor survive when codes are turned on', async () => {
  for (let round = 0; round < 10; round++) {
    const username = `kai ${round}`;
    const kai = await createUser(username);
    const logIn = (index: number) => saveSession(`${username} ${index}`, kai);
    const logins = Array.from({ length: 4 }, (_, index) => logIn(index));
    const change = otherTotp.turnOn(kai, NEW_TOTP, CHANGE);
    const later = Array.from({ length: 4 }, (_, index) => logIn(4 + index));
    await Promise.all([...logins, ...later, change]);
    expect(await listSessionIds(kai.userId)).toEqual([]);
  }
});
