import { beforeAll, expect, test } from 'vitest';
import type { Cursor } from '../../src/repositories/message-ids.ts';
import type { Page } from '../../src/repositories/messages.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, messages, followers, profiles } = createRepositories(database);
const ids: Record<string, number> = {};

/** The number that each message of a page begins with. */
function numbers({ messages: shown }: Page): number[] {
  return shown.map(({ text }) => parseInt(text, 10));
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
    await messages.createMessage(idOf(number % 2 === 0 ? 'alice' : 'bob'), `${number}th message`);
  }
});

async function listBy(username: string, cursor: Cursor): Promise<Page> {
  const profile = await profiles.findProfile(username);
  if (!profile) throw new Error(`There is no ${username}.`);
  return messages.listByAuthor(profile, cursor);
}

async function remove(messageId: number, author: string): Promise<void> {
  await messages.deleteMessage({ messageId, authorId: idOf(author) });
}

function idOf(username: string): number {
  return ids[username] ?? 0;
}

test('everyone reads the thirty newest messages, newest first', async () => {
  const page = await messages.listPublic(null);
  expect(numbers(page)).toEqual(range(100, 71));
  expect(page).toMatchObject({ hasOlder: true, hasNewer: false });
  expect(page.messages[0]).toMatchObject({
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
  const older = (page: Page) => ({
    direction: 'older' as const,
    than: page.messages.at(-1)?.messageId ?? 0,
  });
  const newer = (page: Page) => ({
    direction: 'newer' as const,
    than: page.messages[0]?.messageId ?? 0,
  });

  const first = await messages.listPublic(null);
  const second = await messages.listPublic(older(first));
  const third = await messages.listPublic(older(second));
  const last = await messages.listPublic(older(third));
  expect(numbers(second)).toEqual(range(70, 41));
  expect(second).toMatchObject({ hasOlder: true, hasNewer: true });
  expect(numbers(last)).toEqual(range(10, 1));
  expect(last).toMatchObject({ hasOlder: false, hasNewer: true });

  expect(numbers(await messages.listPublic(newer(last)))).toEqual(range(40, 11));
  const back = await messages.listPublic(newer(second));
  expect(numbers(back)).toEqual(range(100, 71));
  expect(back.hasNewer).toBe(false);
});

test('an older page stays what it is while people post', async () => {
  const { messages: shown } = await messages.listPublic(null);
  const cursor = { direction: 'older' as const, than: shown.at(-1)?.messageId ?? 0 };
  const before = await messages.listPublic(cursor);
  const newId = await messages.createMessage(idOf('dave'), '101st message');
  expect(await messages.listPublic(cursor)).toEqual(before);
  await remove(newId, 'dave');
});

test('beyond the oldest message there is an empty page, with a way back', async () => {
  const page = await messages.listPublic({ direction: 'older', than: 1 });
  expect(page).toEqual({ messages: [], hasOlder: false, hasNewer: true });
});

test("a person's page has that person's messages alone", async () => {
  const page = await listBy('bob', null);
  expect(numbers(page)).toEqual(range(99, 41, 2));
  const than = page.messages.at(-1)?.messageId ?? 0;
  const older = await listBy('bob', { direction: 'older', than });
  expect(numbers(older)).toEqual(range(39, 1, 2));
  expect(older.hasOlder).toBe(false);
});

test('somebody who follows nobody reads their own messages', async () => {
  expect(numbers(await messages.listForReader(idOf('alice'), null))).toEqual(range(100, 42, 2));
  expect(numbers(await messages.listForReader(idOf('carol'), null))).toEqual([]);
});

test('a reader reads whom they follow, and their own messages', async () => {
  await followers.follow(idOf('carol'), idOf('bob'));
  expect(numbers(await messages.listForReader(idOf('carol'), null))).toEqual(range(99, 41, 2));

  const own = await messages.createMessage(idOf('carol'), '101st message');
  const page = await messages.listForReader(idOf('carol'), null);
  expect(numbers(page)).toEqual([101, ...range(99, 43, 2)]);
  const newer = await messages.listForReader(idOf('carol'), { direction: 'newer', than: own - 50 });
  expect(numbers(newer)).toEqual(numbers(page));
  await remove(own, 'carol');
});

test('a deleted message is gone from every page', async () => {
  const id = await messages.createMessage(idOf('dave'), 'a mistake');
  await remove(id, 'dave');
  expect(await messages.findMessage(id)).toBeNull();
  expect(numbers(await messages.listPublic(null))).toEqual(range(100, 71));
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

test('nobody cannot write', async () => {
  await expect(messages.createMessage(999_999, 'boo')).rejects.toThrow(/foreign key/);
});
