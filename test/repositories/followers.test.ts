import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createFollowers } from '../../src/repositories/followers.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
// A second instance with its own connections.
const { followers: atOther } = createRepositories(otherDatabase);
const { users, followers, profiles } = createRepositories(database);
let alice: number;
let bob: number;
// No user has this id.
const MISSING_USER = 1_000_000;

beforeAll(async () => {
  alice = await users.createUser({ username: 'alice', email: 'a@example.com', passwordHash: 'x' });
  bob = await users.createUser({ username: 'bob', email: 'b@example.com', passwordHash: 'x' });
});

test('follow and unfollow are idempotent', async () => {
  await followers.follow(alice, bob);
  await followers.follow(alice, bob);
  expect(await followers.isFollowing(alice, bob)).toBe(true);
  expect(await followers.isFollowing(bob, alice)).toBe(false);
  expect(await profiles.findProfile('bob')).toMatchObject({ followers: 1, following: 0 });
  expect(await profiles.findProfile('alice')).toMatchObject({ followers: 0, following: 1 });

  await followers.unfollow(alice, bob);
  await followers.unfollow(alice, bob);
  expect(await followers.isFollowing(alice, bob)).toBe(false);
  expect(await profiles.findProfile('bob')).toMatchObject({ followers: 0, following: 0 });
});

test('concurrent follows of the same two users are counted once', async () => {
  await Promise.all(Array.from({ length: 20 }, () => followers.follow(bob, alice)));
  expect(await profiles.findProfile('alice')).toMatchObject({ followers: 1 });
});

test('a process runs the follows and unfollows of a user one at a time', async () => {
  let open = 0;
  let mostOpen = 0;
  const observed = createFollowers({
    ...database,
    async transact(work) {
      mostOpen = Math.max(mostOpen, ++open);
      return database.transact(work).finally(() => open--);
    },
  });
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 ? observed.follow(bob, alice) : observed.unfollow(bob, alice),
    ),
  );
  expect(mostOpen).toBe(1);
});

/** Creates followers of a database whose transactions last until the test ends them. */
function createSlowFollowers() {
  const open: (() => void)[] = [];
  const slow = createFollowers({
    ...database,
    transact: () => new Promise((resolve) => open.push(() => resolve(undefined as never))),
  });
  return { slow, open };
}

/** Fakes the timers until the end of the test. The slow database uses no timers. */
function useFakeTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

const unavailable = { code: 'unavailable' };

test('a follow does not wait for the follows of another user', async () => {
  const { slow, open } = createSlowFollowers();
  const follows = [
    slow.follow(alice, bob),
    slow.follow(MISSING_USER, bob),
    slow.follow(bob, alice),
  ];
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
  open[0]?.();
  await new Promise(setImmediate);
  open[1]?.();
  open[2]?.();
  await Promise.all(follows);
});

test('a follow that has waited for 2 seconds is refused, and is not executed later', async () => {
  useFakeTimers();
  const { slow, open } = createSlowFollowers();
  const first = slow.follow(alice, bob);
  const late = Promise.allSettled([
    slow.follow(MISSING_USER, bob),
    slow.unfollow(MISSING_USER, bob),
  ]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await late).toMatchObject([{ reason: unavailable }, { reason: unavailable }]);
  open[0]?.();
  await first;
  await new Promise(setImmediate);
  expect(open).toHaveLength(1);
  // The next follow starts at once.
  void slow.follow(MISSING_USER, bob);
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
});

test('refuses a follow if 50 follows of the same user wait, but not a follow of another user', async () => {
  const { slow, open } = createSlowFollowers();
  const follows = Array.from({ length: 51 }, () => slow.follow(alice, bob));
  await expect(slow.follow(MISSING_USER, bob)).rejects.toMatchObject(unavailable);
  void slow.follow(bob, alice);
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
  for (let ended = 0; ended < 52; ended++) {
    open[ended]?.();
    await new Promise(setImmediate);
  }
  await Promise.all(follows);
});

test('a user can follow at most 7,500 users, also with concurrent follows', async () => {
  const addUsers = async (names: string[]) => {
    const rows = names.map((name) => [name, 'x@example.com', 'x']);
    await database.execute('insert into user (username, email, pw_hash) values :rows', { rows });
    await database.execute(
      `insert into profile (user_id)
       select user_id from user where username in (:names)`,
      { names },
    );
    const found = await database.select<{ userId: number }>(
      'select user_id as userId from user where username in (:names)',
      { names },
    );
    return found.map(({ userId }) => userId);
  };
  const others = await addUsers(Array.from({ length: 30 }, (_, index) => `other ${index}`));
  const [carol = 0] = await addUsers(['carol']);
  // The count is set as if carol already followed the other users.
  await database.execute('update profile set following = 7490 where user_id = :carol', { carol });
  const follows = await Promise.allSettled(
    others.map((other, index) => (index % 2 ? followers : atOther).follow(carol, other)),
  );
  const refused = follows.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(20);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('7,500'),
    });
  }
  const rows = await database.select('select 1 from follower where who_id = :carol', { carol });
  expect(rows).toHaveLength(10);
  expect(await profiles.findProfile('carol')).toMatchObject({ following: 7500 });
  // Other users can follow carol, and carol can follow one user after an unfollow.
  await followers.follow(alice, carol);
  const followed = follows.findIndex(({ status }) => status === 'fulfilled');
  await followers.unfollow(carol, others[followed] ?? 0);
  await followers.follow(carol, alice);
  await expect(followers.follow(carol, bob)).rejects.toMatchObject({ code: 'forbidden' });
  // A repeated follow is not counted.
  await followers.follow(carol, alice);
});

test('refuses to follow a user who does not exist', async () => {
  await expect(followers.follow(alice, 999_999)).rejects.toThrow(
    'An account that this refers to was deleted at this moment. Nothing was changed.',
  );
});
