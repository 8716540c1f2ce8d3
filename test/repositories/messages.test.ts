import { beforeAll, expect, test } from 'vitest';
import { createRepositories } from '../../src/repositories/repositories.ts';
import type { Cursor, Page } from '../../src/repositories/page.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, messages, followers, profiles, timelines } = createRepositories(database);
const ids: Record<string, number> = {};
const numberOf = new Map<number, number>();

/** The number that each message of a page has. */
function numbers({ messageIds }: Page): (number | undefined)[] {
  return messageIds.map((id) => numberOf.get(id));
}

/** Writes the message with a number. */
async function write(author: string, number: number): Promise<number> {
  const messageId = await messages.createMessage(idOf(author), `${number}th message`);
  numberOf.set(messageId, number);
  return messageId;
}

function range(newest: number, oldest: number, step = 1): number[] {
  return Array.from({ length: (newest - oldest) / step + 1 }, (_, index) => newest - index * step);
}

// 100 messages, 1 to 100: alice writes the even ones, bob the odd ones, and carol none.
beforeAll(async () => {
  for (const username of ['alice', 'bob', 'carol', 'dave']) {
    const email = `${username}@example.com`;
    ids[username] = await users.createUser({ username, email, passwordHash: 'x' });
  }
  for (let number = 1; number <= 100; number++) {
    await write(number % 2 === 0 ? 'alice' : 'bob', number);
  }
});

async function listBy(username: string, cursor: Cursor): Promise<Page> {
  const profile = await profiles.findProfile(username);
  if (!profile) throw new Error(`There is no ${username}.`);
  return timelines.listByAuthor(profile, cursor);
}

async function remove(messageId: number, author: string): Promise<void> {
  await messages.deleteMessage({ messageId, authorId: idOf(author) });
}

function idOf(username: string): number {
  return ids[username] ?? 0;
}

test('everyone reads the thirty newest messages, newest first', async () => {
  const page = await timelines.listPublic(null);
  expect(numbers(page)).toEqual(range(100, 71));
  expect(page).toMatchObject({ hasOlder: true, hasNewer: false });
  expect(await messages.findMessage(page.messageIds[0] ?? 0)).toMatchObject({
    authorId: idOf('alice'),
    username: 'alice',
    email: 'alice@example.com',
    text: '100th message',
  });
});

test('a message has the time of the database, in seconds', async () => {
  const before = Math.floor(Date.now() / 1000) - 1;
  const message = await messages.findMessage(await messages.createMessage(idOf('dave'), 'now'));
  expect(message?.pubDateS).toBeGreaterThanOrEqual(before);
  expect(message?.pubDateS).toBeLessThanOrEqual(Date.now() / 1000 + 1);
  await remove(message?.messageId ?? 0, 'dave');
});

test('pages lead to the oldest message and back, without a gap or a double', async () => {
  const older = (page: Page) => ({ before: page.messageIds.at(-1) ?? 0 });
  const newer = (page: Page) => ({ after: page.messageIds[0] ?? 0 });

  const first = await timelines.listPublic(null);
  const second = await timelines.listPublic(older(first));
  const third = await timelines.listPublic(older(second));
  const last = await timelines.listPublic(older(third));
  expect(numbers(second)).toEqual(range(70, 41));
  expect(second).toMatchObject({ hasOlder: true, hasNewer: true });
  expect(numbers(last)).toEqual(range(10, 1));
  expect(last).toMatchObject({ hasOlder: false, hasNewer: true });

  expect(numbers(await timelines.listPublic(newer(last)))).toEqual(range(40, 11));
  const back = await timelines.listPublic(newer(second));
  expect(numbers(back)).toEqual(range(100, 71));
  expect(back.hasNewer).toBe(false);
});

test('an older page stays what it is while people post', async () => {
  const { messageIds } = await timelines.listPublic(null);
  const cursor = { before: messageIds.at(-1) ?? 0 };
  const before = await timelines.listPublic(cursor);
  const newId = await write('dave', 101);
  expect(await timelines.listPublic(cursor)).toEqual(before);
  await remove(newId, 'dave');
});

test('beyond the oldest message there is an empty page, with a way back', async () => {
  const page = await timelines.listPublic({ before: 1 });
  expect(page).toEqual({ messageIds: [], hasOlder: false, hasNewer: true });
});

test("a person's page has that person's messages alone", async () => {
  const page = await listBy('bob', null);
  expect(numbers(page)).toEqual(range(99, 41, 2));
  const than = page.messageIds.at(-1) ?? 0;
  const older = await listBy('bob', { before: than });
  expect(numbers(older)).toEqual(range(39, 1, 2));
  expect(older.hasOlder).toBe(false);
});

test('somebody who follows nobody reads their own messages', async () => {
  expect(numbers(await timelines.listHome(idOf('alice'), null))).toEqual(range(100, 42, 2));
  expect(numbers(await timelines.listHome(idOf('carol'), null))).toEqual([]);
});

test('a reader reads whom they follow, and their own messages', async () => {
  await followers.follow(idOf('carol'), idOf('bob'));
  expect(numbers(await timelines.listHome(idOf('carol'), null))).toEqual(range(99, 41, 2));

  const own = await write('carol', 101);
  const page = await timelines.listHome(idOf('carol'), null);
  expect(numbers(page)).toEqual([101, ...range(99, 43, 2)]);
  const newer = await timelines.listHome(idOf('carol'), { after: own - 50 });
  expect(numbers(newer)).toEqual(numbers(page));
  await remove(own, 'carol');
});

test('a deleted message is gone from every page', async () => {
  const id = await messages.createMessage(idOf('dave'), 'a mistake');
  await remove(id, 'dave');
  expect(await messages.findMessage(id)).toBeNull();
  expect(numbers(await timelines.listPublic(null))).toEqual(range(100, 71));
});

test('any text comes back as it was', async () => {
  const text = `'; drop table message; -- \\ "x" :limit ? %s\n\t🐙 שלום مرحبا 明 \u202e`;
  const id = await messages.createMessage(idOf('dave'), text);
  expect((await messages.findMessage(id))?.text).toBe(text);
  await remove(id, 'dave');
});

test('the longest message that a form lets through fits', async () => {
  const kiss = '👩🏽‍❤️‍💋‍👨🏿';
  const text = kiss.repeat(280);
  const id = await messages.createMessage(idOf('dave'), text);
  expect((await messages.findMessage(id))?.text).toBe(text);
  await remove(id, 'dave');
});

test('messages are listed by their ids, without those that are gone', async () => {
  const gone = await messages.createMessage(idOf('dave'), 'a mistake');
  const kept = await messages.createMessage(idOf('dave'), 'no mistake');
  await remove(gone, 'dave');
  expect(await messages.listMessages([kept, gone])).toMatchObject([{ text: 'no mistake' }]);
  expect(await messages.listMessages([])).toEqual([]);
  await remove(kept, 'dave');
});

test('nobody cannot write', async () => {
  await expect(messages.createMessage(999_999, 'boo')).rejects.toThrow(/foreign key/);
});
