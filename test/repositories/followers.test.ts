import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createFollowers } from '../../src/repositories/followers.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
// Another instance, with connections of its own.
const { followers: atOther } = createRepositories(otherDatabase);
const { users, followers, profiles } = createRepositories(database);
let alice: number;
let bob: number;
// This user is in no table.
const stranger = 1_000_000;

beforeAll(async () => {
  alice = await users.createUser({ username: 'alice', email: 'a@example.com', passwordHash: 'x' });
  bob = await users.createUser({ username: 'bob', email: 'b@example.com', passwordHash: 'x' });
});

test('to follow twice is to follow, to unfollow twice is to unfollow', async () => {
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

test('many who follow at once are counted once each', async () => {
  await Promise.all(Array.from({ length: 20 }, () => followers.follow(bob, alice)));
  expect(await profiles.findProfile('alice')).toMatchObject({ followers: 1 });
});

test('follows and unfollows of one process take turns, so that the others leave room for posts', async () => {
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

/** Followers in a database whose transactions last until they are ended. */
function createSlowFollowers() {
  const open: (() => void)[] = [];
  const slow = createFollowers({
    ...database,
    transact: () => new Promise((resolve) => open.push(() => resolve(undefined as never))),
  });
  return { slow, open };
}

/** Fakes the timers until the end of the test. The slow database needs none. */
function useFakeTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

const unavailable = { code: 'unavailable' };

test('a follow does not wait for the follows of another user', async () => {
  const { slow, open } = createSlowFollowers();
  const follows = [slow.follow(alice, bob), slow.follow(stranger, bob), slow.follow(bob, alice)];
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
  open[0]?.();
  await new Promise(setImmediate);
  open[1]?.();
  open[2]?.();
  await Promise.all(follows);
});

test('a follow that waited for 2 seconds is refused, and never carried out', async () => {
  useFakeTimers();
  const { slow, open } = createSlowFollowers();
  const first = slow.follow(alice, bob);
  const late = Promise.allSettled([slow.follow(stranger, bob), slow.unfollow(stranger, bob)]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await late).toMatchObject([{ reason: unavailable }, { reason: unavailable }]);
  open[0]?.();
  await first;
  await new Promise(setImmediate);
  expect(open).toHaveLength(1);
  // The next follow has its turn.
  void slow.follow(stranger, bob);
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
});

test('when 50 follows of a user wait, one more is refused, and a follow of another user is not', async () => {
  const { slow, open } = createSlowFollowers();
  const follows = Array.from({ length: 51 }, () => slow.follow(alice, bob));
  await expect(slow.follow(stranger, bob)).rejects.toMatchObject(unavailable);
  void slow.follow(bob, alice);
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
  for (let ended = 0; ended < 52; ended++) {
    open[ended]?.();
    await new Promise(setImmediate);
  }
  await Promise.all(follows);
});

test('a user follows 7,500 others at most, also by follows at the same time', async () => {
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
  // As if they had followed the rest before.
  await database.execute('update profile set following = 7490 where user_id = :carol', { carol });
  const follows = await Promise.allSettled(
    others.map((other, index) => (index % 2 ? followers : atOther).follow(carol, other)),
  );
  const refused = follows.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(20);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({
      code: 'forbidden',
      message:
        'You follow 7,500 people, which is the most that MiniTwit allows. Unfollow one of them first.',
    });
  }
  const rows = await database.select('select 1 from follower where who_id = :carol', { carol });
  expect(rows).toHaveLength(10);
  expect(await profiles.findProfile('carol')).toMatchObject({ following: 7500 });
  // Others follow them as before, and after an unfollow there is room for one.
  await followers.follow(alice, carol);
  const followed = follows.findIndex(({ status }) => status === 'fulfilled');
  await followers.unfollow(carol, others[followed] ?? 0);
  await followers.follow(carol, alice);
  await expect(followers.follow(carol, bob)).rejects.toMatchObject({ code: 'forbidden' });
  // To follow the same user again is no follow too many.
  await followers.follow(carol, alice);
});

test('nobody can be followed who does not exist', async () => {
  await expect(followers.follow(alice, 999_999)).rejects.toThrow(/foreign key/);
});
