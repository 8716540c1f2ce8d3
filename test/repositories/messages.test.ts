import { beforeAll, expect, test } from 'vitest';
import { createRepositories } from '../../src/repositories/repositories.ts';
import type { Cursor, Page } from '../../src/repositories/page.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, messages, followers, profiles, timelines } = createRepositories(database);
const ids: Record<string, number> = {};
const numberOf = new Map<number, number>();

/** Returns the numbers of the messages on a page. */
function numbers({ messageIds }: Page): (number | undefined)[] {
  return messageIds.map((id) => numberOf.get(id));
}

/** Creates the message with a number. */
async function createNumbered(author: string, number: number): Promise<number> {
  const messageId = await messages.createMessage(idOf(author), `${number}th message`);
  numberOf.set(messageId, number);
  return messageId;
}

function range(newest: number, oldest: number, step = 1): number[] {
  return Array.from({ length: (newest - oldest) / step + 1 }, (_, index) => newest - index * step);
}

// Alice writes the even ones of 100 messages, Bob the odd ones, and Carol none.
beforeAll(async () => {
  for (const username of ['alice', 'bob', 'carol', 'dave']) {
    const email = `${username}@example.com`;
    ids[username] = await users.createUser({ username, email, passwordHash: 'x' });
  }
  for (let number = 1; number <= 100; number++) {
    await createNumbered(number % 2 === 0 ? 'alice' : 'bob', number);
  }
});

async function listBy(username: string, cursor: Cursor): Promise<Page> {
  const profile = await profiles.findProfile(username);
  if (!profile) throw new Error(`The user ${username} does not exist.`);
  return timelines.listByAuthor(profile, cursor);
}

async function remove(messageId: number, author: string): Promise<void> {
  await messages.deleteMessage({ messageId, authorId: idOf(author) });
}

function idOf(username: string): number {
  return ids[username] ?? 0;
}

test('the public timeline has the thirty newest messages, newest first', async () => {
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

test('a message has the time of the database in seconds', async () => {
  const before = Math.floor(Date.now() / 1000) - 1;
  const message = await messages.findMessage(await messages.createMessage(idOf('dave'), 'now'));
  expect(message?.pubDateS).toBeGreaterThanOrEqual(before);
  expect(message?.pubDateS).toBeLessThanOrEqual(Date.now() / 1000 + 1);
  await remove(message?.messageId ?? 0, 'dave');
});

test('paging to the oldest message and back shows each message once', async () => {
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

test('a new message does not change an older page', async () => {
  const { messageIds } = await timelines.listPublic(null);
  const cursor = { before: messageIds.at(-1) ?? 0 };
  const before = await timelines.listPublic(cursor);
  const newId = await createNumbered('dave', 101);
  expect(await timelines.listPublic(cursor)).toEqual(before);
  await remove(newId, 'dave');
});

test('the page before the oldest message is empty, and links to newer messages', async () => {
  const page = await timelines.listPublic({ before: 1 });
  expect(page).toEqual({ messageIds: [], hasOlder: false, hasNewer: true });
});

test('the page of a user has only messages of this user', async () => {
  const page = await listBy('bob', null);
  expect(numbers(page)).toEqual(range(99, 41, 2));
  const older = await listBy('bob', { before: page.messageIds.at(-1) ?? 0 });
  expect(numbers(older)).toEqual(range(39, 1, 2));
  expect(older.hasOlder).toBe(false);
});

test('the home timeline of a user who follows no users has only own messages', async () => {
  expect(numbers(await timelines.listHome(idOf('alice'), null))).toEqual(range(100, 42, 2));
  expect(numbers(await timelines.listHome(idOf('carol'), null))).toEqual([]);
});

test('the home timeline has messages of followed users and own messages', async () => {
  await followers.follow(idOf('carol'), idOf('bob'));
  expect(numbers(await timelines.listHome(idOf('carol'), null))).toEqual(range(99, 41, 2));

  const own = await createNumbered('carol', 101);
  const page = await timelines.listHome(idOf('carol'), null);
  expect(numbers(page)).toEqual([101, ...range(99, 43, 2)]);
  const newer = await timelines.listHome(idOf('carol'), { after: own - 50 });
  expect(numbers(newer)).toEqual(numbers(page));
  await remove(own, 'carol');
});

test('a deleted message is on no page', async () => {
  const id = await messages.createMessage(idOf('dave'), 'a mistake');
  await remove(id, 'dave');
  expect(await messages.findMessage(id)).toBeNull();
  expect(numbers(await timelines.listPublic(null))).toEqual(range(100, 71));
});

test('returns any text unchanged', async () => {
  const text = `'; drop table message; -- \\ "x" :limit ? %s\n\t🐙 שלום مرحبا 明 \u202e`;
  const id = await messages.createMessage(idOf('dave'), text);
  expect((await messages.findMessage(id))?.text).toBe(text);
  await remove(id, 'dave');
});

test('stores the longest message that the form accepts', async () => {
  const kiss = '👩🏽‍❤️‍💋‍👨🏿';
  const text = kiss.repeat(280);
  const id = await messages.createMessage(idOf('dave'), text);
  expect((await messages.findMessage(id))?.text).toBe(text);
  await remove(id, 'dave');
});

test('lists messages in the order of the ids, without deleted ones', async () => {
  const deleted = await messages.createMessage(idOf('dave'), 'a mistake');
  const existing = await messages.createMessage(idOf('dave'), 'no mistake');
  await remove(deleted, 'dave');
  expect(await messages.listMessages([existing, deleted])).toMatchObject([{ text: 'no mistake' }]);
  expect(await messages.listMessages([])).toEqual([]);
  await remove(existing, 'dave');
});

test('refuses a message of a user who does not exist', async () => {
  await expect(messages.createMessage(999_999, 'boo')).rejects.toThrow(
    'Your account was suspended or deleted.',
  );
});
