import { expect, test } from 'vitest';
import type { RateLimitConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { createRateLimits, type RateLimits } from '../../src/repositories/rate-limits.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { captureLog } from '../support/capture-log.ts';
import { useLimitsStore } from '../support/limits-store.ts';
import { testLimits } from '../support/minitwit.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const store = useLimitsStore(database);
const limits: RateLimitConfig = {
  ...testLimits,
  loginsPerName: 3,
  loginsPerNameAnywhere: 6,
  loginsPerAddress: 5,
  registrationsPerAddress: 2,
  postsPerUser: 2,
  followsPerUser: 3,
  pagesPerUser: 2,
  pagesPerAddress: 3,
};

function createInstance(own: Partial<RateLimitConfig> = {}, from = database): RateLimits {
  return createRateLimits(store.open(from), { ...limits, ...own }, captureLog().logger);
}

// Two instances, each with its own connections.
const one = createInstance();
const other = createInstance({}, otherDatabase);

/** Counts a login from an unknown device. Returns its refusal. */
async function consumeGuess(username: string, address: string, instance = one) {
  return (await instance.consumeLogin({ username, address, deviceId: null })).refusal;
}

async function countRefused(attempts: Promise<{ refusal: unknown } | null>[]): Promise<number> {
  const results = await Promise.all(attempts);
  return results.filter((result) => result !== null && result.refusal !== null).length;
}

test('two instances count together, also concurrently', async () => {
  const attempts = Array.from({ length: 60 }, (_, index) =>
    (index % 2 ? one : other).consumePost(1),
  );
  expect(await countRefused(attempts)).toBe(58);
  expect((await one.consumePost(2)).refusal).toBeNull();
});

test('a refusal has the seconds to wait', async () => {
  const { refusal } = await one.consumePost(1);
  expect(refusal?.message).toMatch(
    /^You have posted a lot\. Please try again in (\d+ seconds?|1 minute)\.$/,
  );
  expect(refusal?.limit).toBe('post');
  expect(refusal?.retryAfterS).toBeGreaterThan(0);
  expect(refusal?.retryAfterS).toBeLessThanOrEqual(60);
});

test('failed logins under a name block this name for their address only', async () => {
  for (let attempt = 0; attempt < 3; attempt++) expect(await consumeGuess('alice', 'a')).toBeNull();
  expect(await consumeGuess('alice', 'a', other)).toMatchObject({
    limit: 'login_name_address',
    message: 'Too many failed logins under this name. Please try again in 15 minutes.',
  });
  expect(await consumeGuess('alice', 'b', other)).toBeNull();
  expect(await consumeGuess('bob', 'a', other)).toBeNull();
});

test('failed logins under a name from many addresses block this name for all unknown devices', async () => {
  for (const address of ['c', 'd', 'e', 'f', 'g', 'h']) {
    expect(await consumeGuess('carol', address)).toBeNull();
  }
  expect(await consumeGuess('carol', 'i', other)).toMatchObject({ limit: 'login_name' });
});

test('concurrent guesses from many addresses do not exceed the limit of a name', async () => {
  const attempts = Array.from({ length: 200 }, (_, index) => {
    const attempt = { username: 'dan', address: `dan ${index % 50}`, deviceId: null };
    return (index % 2 ? one : other).consumeLogin(attempt);
  });
  expect(await countRefused(attempts)).toBe(194);
});

test('a known device has its own counter, which failed logins of other devices do not change', async () => {
  for (let index = 0; index < 20; index++) await consumeGuess('erin', `erin ${index}`);
  const fromDevice = (deviceId: string) =>
    other.consumeLogin({ username: 'erin', address: 'erin 1', deviceId });
  for (let attempt = 0; attempt < 3; attempt++) {
    expect((await fromDevice('phone')).refusal).toBeNull();
  }
  expect((await fromDevice('phone')).refusal).toMatchObject({ limit: 'login_device' });
  expect((await fromDevice('laptop')).refusal).toBeNull();
});

test('all known devices of a user together have a limit', async () => {
  const attempts = Array.from({ length: 10 }, (_, index) =>
    one.consumeLogin({ username: 'frank', address: 'j', deviceId: `device ${index}` }),
  );
  expect(await countRefused(attempts)).toBe(4);
});

test('a login that takes the last point of a limit has its name in `exhausted`', async () => {
  const exhausted = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const login = await one.consumeLogin({ username: 'grace', address: 'k', deviceId: null });
    exhausted.push(login.exhausted);
  }
  expect(exhausted).toEqual([[], [], ['login_name_address'], []]);
});

test('refunded and refused logins do not count', async () => {
  const attempt = { username: 'heidi', address: 'l', deviceId: null };
  for (let round = 0; round < 3; round++) {
    const logins = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).consumeLogin(attempt)),
    );
    expect(logins.filter(({ refusal }) => refusal === null)).toHaveLength(3);
    await Promise.all(logins.map((login) => login.refund()));
  }
});

test('a refund does not change the next window', async () => {
  const attempt = { username: 'ivan', address: 'm', deviceId: null };
  const { refund } = await one.consumeLogin(attempt);
  await store.endWindows(':m');
  await one.consumeLogin(attempt);
  await refund();
  const rows = (await store.listCounters()).filter(({ key }) => key.endsWith(':m'));
  expect(rows.map(({ points }) => points)).toEqual([1, 1]);
});

test('failed logins from an address block all names for this address only', async () => {
  for (const name of ['1', '2', '3', '4', '5']) expect(await consumeGuess(name, 'n')).toBeNull();
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(await consumeGuess('judy', 'n', other)).toMatchObject({
      limit: 'login_address',
      message: expect.stringMatching(
        /^Too many failed logins from where you are\. .* 60 minutes\.$/,
      ),
    });
  }
  expect(await consumeGuess('judy', 'o', other)).toBeNull();
});

test('correct logins have a limit for each name and each address', async () => {
  const strict = createInstance({ allLoginsPerName: 2, allLoginsPerAddress: 4 });
  const logIn = async (username: string, deviceId: string | null = null) => {
    const login = await strict.consumeLogin({ username, address: 'p', deviceId });
    if (!login.refusal) await login.refund();
    return login.refusal?.limit ?? null;
  };
  expect([await logIn('kim'), await logIn('kim')]).toEqual([null, null]);
  for (let login = 0; login < 3; login++) expect(await logIn('kim')).toBe('all_logins_name');
  // A refused correct login does not count as a failed login.
  expect(await consumeGuess('kim', 'p')).toBeNull();
  // Known devices of the user have their own budget.
  expect(await logIn('kim', 'tablet')).toBeNull();
  // Refused logins do not use up the budget of other users at the address.
  expect(await logIn('leo')).toBeNull();
  expect(await logIn('mo')).toBe('all_logins_address');
});

test('refused failed logins do not use up the budget of the name', async () => {
  const strict = createInstance({ allLoginsPerName: 4 });
  for (let attempt = 0; attempt < 20; attempt++) await consumeGuess('mia', 'q', strict);
  expect(await consumeGuess('mia', 'r', strict)).toBeNull();
});

test('limits registrations of an address and follows of a user', async () => {
  const registrations = [one, other, one].map((instance) => instance.consumeRegistration('a'));
  expect(await countRefused(registrations)).toBe(1);
  expect((await one.consumeRegistration('a')).refusal?.message).toMatch(
    /^Too many people signed up from where you are\./,
  );
  const follows = [one, other, one, other].map((instance) => instance.consumeFollow(1));
  expect(await countRefused(follows)).toBe(1);
  expect((await one.consumeFollow(2)).refusal).toBeNull();
});

test('limits pages of a user, and of an address without login', () => {
  const pages = (reader: { userId: number | null; address: string }) =>
    Array.from({ length: 4 }, () => one.consumePage(reader)?.limit ?? null);
  expect(pages({ userId: 1, address: 'a' })).toEqual([null, null, 'pages_user', 'pages_user']);
  expect(pages({ userId: 2, address: 'a' })).toEqual([null, null, 'pages_user', 'pages_user']);
  expect(pages({ userId: null, address: 'a' })).toEqual([null, null, null, 'pages_address']);
});

test('names are not stored, since a password may have been typed there', async () => {
  await consumeGuess('typed-by-mistake', 's');
  expect(JSON.stringify(await store.listCounters())).not.toContain('typed-by-mistake');
});

test('rejects with the code unavailable and logs the reason if the store cannot count', async () => {
  const { logger, lines } = captureLog();
  const failing = createRateLimits(store.open(database), limits, logger);
  const unavailable = { code: 'unavailable' };
  const attempt = { username: 'alice', address: 'a', deviceId: null };
  expect((await failing.consumeRegistration('t')).refusal).toBeNull();
  await store.fail();
  await expect(failing.consumeLogin(attempt)).rejects.toMatchObject(unavailable);
  await expect(failing.consumeRegistration('a')).rejects.toMatchObject(unavailable);
  await expect(failing.consumePost(1)).rejects.toMatchObject(unavailable);
  await expect(failing.consumeFollow(1)).rejects.toMatchObject(unavailable);
  await store.recover();
  expect(lines).toHaveLength(4);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'A rate limit could not be counted.',
    reason: expect.stringMatching(/rate_limit.* doesn't exist|there is no connection/),
  });
  expect((await failing.consumeRegistration('u')).refusal).toBeNull();
});
