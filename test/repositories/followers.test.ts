import { beforeAll, expect, test } from 'vitest';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, followers, profiles } = createRepositories(database);
let alice: number;
let bob: number;

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

test('nobody can be followed who does not exist', async () => {
  await expect(followers.follow(alice, 999_999)).rejects.toThrow(/foreign key/);
});
