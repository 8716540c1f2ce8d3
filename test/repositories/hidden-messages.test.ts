import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import type { ListedId } from '../../src/repositories/listed-ids.ts';
import { type Cursor, PAGE_QUERY_LIMIT, PAGE_SIZE } from '../../src/repositories/page.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const here = createRepositories(database);
const there = createRepositories(otherDatabase);
const { users, messages, followers, profiles, timelines, hiddenMessages, audit } = here;
const MESSAGES = 2 * PAGE_SIZE;
const verdict = { actor: 'mo', reason: 'It is spam.' };
let alice: number;
let bob: number;
/** The messages of alice, newest first. */
let ids: number[];

beforeAll(async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  alice = await users.createUser({ ...person, username: 'alice' });
  bob = await users.createUser({ ...person, username: 'bob' });
  await followers.follow(bob, alice);
  ids = [];
  for (let count = 0; count < MESSAGES; count++) {
    ids.unshift(await messages.createMessage(alice, `message ${count}`));
  }
});

const ofAlice = (messageId: number | undefined) => ({
  messageId: messageId ?? 0,
  authorId: alice,
  username: 'alice',
});
const hide = (messageId: number | undefined) =>
  hiddenMessages.hideMessage(ofAlice(messageId), verdict);
const restore = (messageId: number | undefined) =>
  hiddenMessages.restoreMessage(ofAlice(messageId), verdict);

/** Returns the ids of alice's messages, with a minus for each of these. */
function listIds(hidden: (number | undefined)[]): ListedId[] {
  return ids.map((id) => (hidden.includes(id) ? -id : id));
}

/** Expects the same listed ids on the pages of all timelines, whose older pages come from other queries. */
async function expectListed(listed: ListedId[]): Promise<void> {
  const profile = await profiles.findProfile('alice');
  expect(profile?.newestIds).toEqual(listed.slice(0, PAGE_QUERY_LIMIT));
  const [middle = 0, last = 0] = [ids[PAGE_SIZE - 1], ids.at(-1)];
  const author = { userId: alice, newestIds: profile?.newestIds ?? [] };
  for (const list of [
    (cursor: Cursor) => timelines.listPublic(cursor),
    (cursor: Cursor) => timelines.listByAuthor(author, cursor),
    (cursor: Cursor) => timelines.listHome(bob, cursor),
  ]) {
    expect((await list(null)).messageIds).toEqual(listed.slice(0, PAGE_SIZE));
    expect((await list({ before: middle })).messageIds).toEqual(
      listed.slice(PAGE_SIZE, 2 * PAGE_SIZE),
    );
    expect((await list({ after: last })).messageIds).toEqual(listed.slice(-PAGE_SIZE - 1, -1));
  }
}

test('every page has the negative id of a hidden message in its place', async () => {
  const hidden = [ids[0], ids[1], ids[PAGE_SIZE - 1], ids[PAGE_SIZE], ids.at(-2), ids.at(-1)];
  for (const id of hidden) expect(await hide(id)).toBe(true);
  await expectListed(listIds(hidden));
  // A later message is in front of them.
  ids.unshift(await messages.createMessage(alice, 'one more'));
  await expectListed(listIds(hidden));
  for (const id of hidden) expect(await restore(id)).toBe(true);
  await expectListed(ids);
});

test('a message is hidden once, and both decisions are in the audit log', async () => {
  const [id = 0] = ids;
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      (index % 2 ? here : there).hiddenMessages.hideMessage(ofAlice(id), {
        actor: `moderator ${index}`,
        reason: '',
      }),
    ),
  );
  const winner = results.indexOf(true);
  expect(results.filter(Boolean)).toEqual([true]);
  expect(await restore(id)).toBe(true);
  expect(await restore(id)).toBe(false);
  const [restored, hidden] = await audit.listDecisionsAbout([alice]);
  expect(hidden).toMatchObject({
    actor: `moderator ${winner}`,
    action: 'hide_message',
    username: 'alice',
    messageId: id,
  });
  expect(restored).toMatchObject({ ...verdict, action: 'restore_message', messageId: id });
});

test('finds out whether a message is hidden', async () => {
  const [id = 0] = ids;
  expect(await messages.findMessage(id)).toMatchObject({ messageId: id, isHidden: false });
  await hide(id);
  expect(await messages.findMessage(id)).toMatchObject({ messageId: id, isHidden: true });
  await restore(id);
});

test('the author can delete a hidden message, and a deleted message cannot be hidden', async () => {
  const id = await messages.createMessage(alice, 'short-lived');
  await hide(id);
  await messages.deleteMessage({ messageId: id, authorId: alice });
  expect(await database.select('select message_id from message where is_hidden')).toEqual([]);
  expect(await messages.findMessage(id)).toBeNull();
  expect(await hide(id)).toBe(false);
  expect(await restore(id)).toBe(false);
});

test('a profile with the longest ids has room for 31 hidden messages', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const carol = await users.createUser({ ...person, username: 'carol' });
  // The largest message id in an address has 15 digits.
  const largest = 999_999_999_999_999;
  const rows = Array.from({ length: PAGE_QUERY_LIMIT }, (_, index) => [
    largest - index,
    carol,
    'x',
    1,
  ]);
  await database.execute(
    'insert into message (message_id, author_id, text, pub_date) values :rows',
    { rows },
  );
  for (const [messageId] of rows) {
    const message = { messageId: Number(messageId), authorId: carol, username: 'carol' };
    expect(await hiddenMessages.hideMessage(message, verdict)).toBe(true);
  }
  const profile = await profiles.findProfile('carol');
  expect(profile?.newestIds).toEqual(rows.map(([messageId]) => -Number(messageId)));
});

test('posts, deletions and decisions on two instances at the same time do not deadlock', async () => {
  const mine: number[] = [];
  for (let count = 0; count < 12; count++) {
    mine.push(await messages.createMessage(bob, 'from bob'));
  }
  await Promise.all(
    mine.flatMap((messageId, index) => {
      const message = { messageId, authorId: bob, username: 'bob' };
      return [
        here.hiddenMessages.hideMessage(message, verdict),
        there.hiddenMessages.restoreMessage(message, verdict),
        there.messages.createMessage(bob, 'at the same time'),
        ...(index % 3 === 0 ? [here.messages.deleteMessage(message)] : []),
      ];
    }),
  );
  const hidden = await database.select<{ messageId: number }>(
    'select message_id as messageId from message where is_hidden',
  );
  const hiddenIds = new Set(hidden.map(({ messageId }) => messageId));
  const { newestIds = [] } = (await profiles.findProfile('bob')) ?? {};
  expect(newestIds).toHaveLength(20);
  for (const id of newestIds) expect(id < 0).toBe(hiddenIds.has(Math.abs(id)));
});
