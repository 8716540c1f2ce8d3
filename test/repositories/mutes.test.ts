import { beforeAll, expect, test } from 'vitest';
import { MUTES_MAX } from '../../src/repositories/mutes.ts';
import { PAGE_SIZE } from '../../src/repositories/page.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, followers, messages, mutes, timelines } = createRepositories(database);
const person = { email: 'a@b', passwordHash: 'x' };
let reader: number;
let loud: number;
let quiet: number;

beforeAll(async () => {
  reader = await users.createUser({ ...person, username: 'reader' });
  loud = await users.createUser({ ...person, username: 'loud' });
  quiet = await users.createUser({ ...person, username: 'quiet' });
});

test('a mute hides the messages of a followed user on each page of the home timeline, until it ends', async () => {
  await followers.follow(reader, loud);
  await followers.follow(reader, quiet);
  const all: number[] = [];
  const ofQuiet: number[] = [];
  for (let count = 0; count < 2 * PAGE_SIZE; count++) {
    ofQuiet.unshift(await messages.createMessage(quiet, 'quiet'));
    all.unshift(ofQuiet[0] ?? 0);
    all.unshift(await messages.createMessage(loud, 'loud'));
  }
  const read = async () => {
    const newest = await timelines.listHome(reader, null);
    const older = await timelines.listHome(reader, { before: newest.messageIds.at(-1) ?? 0 });
    return [...newest.messageIds, ...older.messageIds];
  };
  expect(await read()).toEqual(all.slice(0, 2 * PAGE_SIZE));
  await mutes.mute(reader, loud);
  await mutes.mute(reader, loud);
  expect(await mutes.isMuted(reader, loud)).toBe(true);
  expect(await mutes.isMuted(loud, reader)).toBe(false);
  expect(await read()).toEqual(ofQuiet);
  // A follow of a muted user is muted, too.
  await followers.unfollow(reader, loud);
  await followers.follow(reader, loud);
  expect(await read()).toEqual(ofQuiet);
  await mutes.unmute(reader, loud);
  await mutes.unmute(reader, loud);
  expect(await mutes.isMuted(reader, loud)).toBe(false);
  expect(await read()).toEqual(all.slice(0, 2 * PAGE_SIZE));
});

test('lists muted users, and refuses more than 2,000', async () => {
  const muter = await users.createUser({ ...person, username: 'muter' });
  const names = Array.from({ length: MUTES_MAX }, (_, index) => `other ${index}`);
  await database.execute('insert into user (username, email, pw_hash) values :rows', {
    rows: names.map((name) => [name, 'x', 'x']),
  });
  await database.execute(
    `insert into mute (who_id, whom_id)
     select :muter, user_id from user where username like 'other %'`,
    { muter },
  );
  await expect(mutes.mute(muter, loud)).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('2,000'),
  });
  expect(await mutes.isMuted(muter, loud)).toBe(false);
  const { usernames, hasMore } = await mutes.listMuted(muter, '');
  expect(usernames).toEqual(names.toSorted().slice(0, 50));
  expect(hasMore).toBe(true);
});

test('does not mute a user who does not exist', async () => {
  await expect(mutes.mute(reader, 999_999)).rejects.toMatchObject({ code: 'conflict' });
  expect(await mutes.isMuted(reader, 999_999)).toBe(false);
});
