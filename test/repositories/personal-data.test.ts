import { beforeAll, expect, test } from 'vitest';
import { PERSONAL_DATA_LIMIT } from '../../src/repositories/personal-data.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, followers, messages, blocks, mutes, reports, personalData } =
  createRepositories(database);
let alice: number;
let bob: number;

beforeAll(async () => {
  const create = (username: string) =>
    users.createUser({ username, email: `${username}@example.com`, passwordHash: 'x' });
  alice = await create('alice');
  bob = await create('bob');
});

test('reads the account of a user, without the password', async () => {
  expect(await personalData.findAccount(alice)).toEqual({
    username: 'alice',
    email: 'alice@example.com',
    isModerator: false,
    registeredS: expect.closeTo(Date.now() / 1000, -2) as number,
    followers: 0,
    following: 0,
    hasAuthenticatorApp: false,
  });
  expect(await personalData.findAccount(999_999)).toBeNull();
});

test('lists the rows of a user after an id, and no row of another user', async () => {
  await messages.createMessage(bob, 'by bob');
  await messages.createMessage(alice, 'by alice');
  await followers.follow(alice, bob);
  await mutes.mute(alice, bob);
  await reports.createReport({
    reporterId: alice,
    userId: bob,
    messageId: null,
    reason: 'spam',
    text: 'x',
  });
  expect(await personalData.listFollowed(alice, 0)).toEqual([{ id: bob, username: 'bob' }]);
  expect(await personalData.listMuted(alice, 0)).toEqual([{ id: bob, username: 'bob' }]);
  await blocks.block(alice, bob);
  expect(await personalData.listBlocked(alice, 0)).toEqual([{ id: bob, username: 'bob' }]);
  expect(await personalData.listOwnMessages(alice, 0)).toMatchObject([{ text: 'by alice' }]);
  expect(await personalData.listReports(alice, 0)).toMatchObject([
    { username: 'bob', messageId: 0, reason: 'spam', text: 'x', closedS: null },
  ]);
  const { listFollowed, listMuted, listBlocked, listReports } = personalData;
  for (const list of [listFollowed, listMuted, listBlocked]) {
    expect(await list(alice, bob)).toEqual([]);
    expect(await list(bob, 0)).toEqual([]);
  }
  expect(await listReports(bob, 0)).toEqual([]);
});

test('lists messages in pages by their ids', async () => {
  await database.execute('insert into message (author_id, text, pub_date) values :rows', {
    rows: Array.from({ length: PERSONAL_DATA_LIMIT }, (_, index) => [alice, `${index}`, 1]),
  });
  const first = await personalData.listOwnMessages(alice, 0);
  expect(first).toHaveLength(PERSONAL_DATA_LIMIT);
  expect(first.map(({ id }) => id)).toEqual(first.map(({ id }) => id).toSorted((a, b) => a - b));
  expect(await personalData.listOwnMessages(alice, first.at(-1)?.id ?? 0)).toMatchObject([
    { text: `${PERSONAL_DATA_LIMIT - 1}` },
  ]);
});
