import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { BLOCKS_MAX } from '../../src/repositories/blocks.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const here = createRepositories(database);
const there = createRepositories(otherDatabase);
const { users, followers, blocks, mutes, profiles, sessions, timelines, unseenAuthors } = here;
let userIds: number[];
let alice: number;
let bob: number;
let carol: number;

beforeAll(async () => {
  userIds = [];
  for (const username of ['alice', 'bob', 'carol', 'dave']) {
    userIds.push(await users.createUser({ username, email: 'a@b', passwordHash: 'x' }));
  }
  [alice = 0, bob = 0, carol = 0] = userIds;
});

test('a block ends the follows of both, and neither can follow the other until it ends', async () => {
  await followers.follow(alice, bob);
  await followers.follow(bob, alice);
  await followers.follow(bob, carol);
  await blocks.block(alice, bob);
  await blocks.block(alice, bob);
  expect(await profiles.findProfile('alice')).toMatchObject({ followers: 0, following: 0 });
  expect(await profiles.findProfile('bob')).toMatchObject({ followers: 0, following: 1 });
  expect(await blocks.findBlocks(alice, bob)).toEqual({ hasBlocked: true, isBlocked: false });
  expect(await blocks.findBlocks(bob, alice)).toEqual({ hasBlocked: false, isBlocked: true });
  expect(await blocks.findBlocks(bob, carol)).toEqual({ hasBlocked: false, isBlocked: false });
  const forbidden = { code: 'forbidden', message: expect.stringContaining('blocked') };
  await expect(followers.follow(alice, bob)).rejects.toMatchObject(forbidden);
  await expect(followers.follow(bob, alice)).rejects.toMatchObject(forbidden);

  await blocks.unblock(alice, bob);
  await blocks.unblock(alice, bob);
  expect(await followers.isFollowing(bob, alice)).toBe(false);
  await followers.follow(bob, alice);
  await followers.unfollow(bob, alice);
});

test('lists the authors whom a reader does not see', async () => {
  const list = async (readerId: number) =>
    Array.from(await unseenAuthors.listUnseenAuthors(readerId)).toSorted((a, b) => a - b);
  expect(await list(carol)).toEqual([]);
  await blocks.block(carol, alice);
  await mutes.mute(carol, bob);
  await mutes.mute(alice, bob);
  expect(await list(carol)).toEqual([alice, bob]);
  expect(await list(alice)).toEqual([bob, carol]);
  expect(await list(bob)).toEqual([]);
  await blocks.unblock(carol, alice);
  await mutes.unmute(carol, bob);
  await mutes.unmute(alice, bob);
  expect(await list(carol)).toEqual([]);
});

test('the session of a reader who may have unseen authors is marked', async () => {
  const isMarked: (boolean | undefined)[] = [];
  const readers: number[] = [];
  for (const username of ['muting', 'muted', 'blocking', 'blocked']) {
    readers.push(await users.createUser({ username, email: 'a@b', passwordHash: 'x' }));
  }
  const [muting = 0, muted = 0, blocking = 0, blocked = 0] = readers;
  await mutes.mute(muting, muted);
  await blocks.block(blocking, blocked);
  for (const userId of readers) {
    const sessionId = `session ${userId}`;
    await database.execute(
      'insert into session (session_id, user_id, expires_s) values (:sessionId, :userId, 100)',
      { sessionId, userId },
    );
    isMarked.push((await sessions.findSession(sessionId, 0))?.hasUnseenAuthors);
  }
  expect(isMarked).toEqual([true, false, true, true]);
});

test('finds the name of a blocked user among others', async () => {
  const find = (userId: number) => blocks.findBlockedName(userId, ['carol', 'bob', 'nobody']);
  await blocks.block(alice, bob);
  expect(await find(alice)).toEqual({ username: 'bob', hasBlocked: true, isBlocked: false });
  expect(await find(carol)).toBeNull();
  await blocks.unblock(alice, bob);
  await blocks.block(bob, alice);
  expect(await find(alice)).toEqual({ username: 'bob', hasBlocked: false, isBlocked: true });
  await blocks.unblock(bob, alice);
  expect(await find(alice)).toBeNull();
});

/** Creates users, and returns their ids in the order of their names. */
async function addUsers(names: string[]): Promise<number[]> {
  const rows = names.map((name) => [name, 'x@example.com', 'x']);
  await database.execute('insert into user (username, email, pw_hash) values :rows', { rows });
  await database.execute(
    'insert into profile (user_id) select user_id from user where username in (:names)',
    { names },
  );
  const found = await database.select<{ userId: number }>(
    'select user_id as userId from user where username in (:names) order by username',
    { names },
  );
  return found.map(({ userId }) => userId);
}

test('lists blocked users by pages, and refuses more than 2,000', async () => {
  const [blocker = 0] = await addUsers(['blocker']);
  const names = Array.from(
    { length: BLOCKS_MAX + 1 },
    (_, index) => `other ${String(index).padStart(4, '0')}`,
  );
  const others = await addUsers(names);
  const rows = others.slice(1).map((other) => [blocker, other]);
  await database.execute('insert into block (who_id, whom_id) values :rows', { rows });
  await expect(blocks.block(blocker, others[0] ?? 0)).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('2,000'),
  });
  const first = await blocks.listBlocked(blocker, '');
  expect(first).toEqual({ usernames: names.slice(1, 51), hasMore: true });
  const second = await blocks.listBlocked(blocker, first.usernames.at(-1) ?? '');
  expect(second).toEqual({ usernames: names.slice(51, 101), hasMore: true });
  const last = await blocks.listBlocked(blocker, names.at(-51) ?? '');
  expect(last).toEqual({ usernames: names.slice(-50), hasMore: false });
  await blocks.unblock(blocker, others[1] ?? 0);
  await blocks.block(blocker, others[0] ?? 0);
});

test('blocks, follows, posts and unfollows on two instances at the same time do not deadlock', async () => {
  const pairs = userIds.flatMap((whoId) =>
    userIds.filter((whomId) => whomId !== whoId).map((whomId) => ({ whoId, whomId })),
  );
  const unexpected: unknown[] = [];
  const acceptForbidden = (error: { code?: string }) => {
    if (error.code !== 'forbidden') unexpected.push(error);
  };
  for (let round = 0; round < 15; round++) {
    await Promise.all(
      pairs.flatMap(({ whoId, whomId }, index) => {
        const [one, other] = (index + round) % 2 ? [here, there] : [there, here];
        return [
          one.followers.follow(whoId, whomId).catch(acceptForbidden),
          other.followers.unfollow(whoId, whomId),
          other.messages.createMessage(whoId, 'at the same time'),
          (index + round) % 3 ? one.mutes.mute(whoId, whomId) : other.mutes.unmute(whoId, whomId),
          index % 3 ? other.blocks.unblock(whoId, whomId) : other.blocks.block(whoId, whomId),
        ];
      }),
    );
    await expectConsistent();
  }
  expect(unexpected).toEqual([]);
});

/** Expects that no blocked users follow each other, and that profiles and mutes agree with the rows of `follower`. */
async function expectConsistent(): Promise<void> {
  const follows = await database.select<{ whoId: number; whomId: number; isMuted: number }>(
    'select who_id as whoId, whom_id as whomId, is_muted as isMuted from follower',
  );
  for (const { whoId, whomId, isMuted } of follows) {
    expect(await blocks.findBlocks(whoId, whomId)).toEqual({ hasBlocked: false, isBlocked: false });
    expect(isMuted === 1).toBe(await mutes.isMuted(whoId, whomId));
  }
  for (const [index, userId] of userIds.entries()) {
    const name = ['alice', 'bob', 'carol', 'dave'][index] ?? '';
    expect(await profiles.findProfile(name)).toMatchObject({
      followers: follows.filter(({ whomId }) => whomId === userId).length,
      following: follows.filter(({ whoId }) => whoId === userId).length,
    });
  }
}

test('a home timeline has no messages of a blocked user', async () => {
  const [reader = 0, author = 0] = await addUsers(['reader', 'written']);
  const messageId = await here.messages.createMessage(author, 'hello');
  await followers.follow(reader, author);
  expect((await timelines.listHome(reader, null)).messageIds).toEqual([messageId]);
  await blocks.block(author, reader);
  expect((await timelines.listHome(reader, null)).messageIds).toEqual([]);
});
