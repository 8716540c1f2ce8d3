import { beforeAll, expect, test } from 'vitest';
import { initializeSchema } from '../../src/database/schema.ts';
import { createMessageIds } from '../../src/repositories/message-ids.ts';
import { createProfiles } from '../../src/repositories/profiles.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { runSql, useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const { users, messages, followers } = createRepositories(database);
const ids = createMessageIds(database, createProfiles(database));
const PAGE_AND_ONE = 31;
let readerId: number;
let shown: number[];

// The reader follows one who wrote most of all messages long ago, one who writes now and then, and one
// who wrote little; others write between them, and the reader does a little.
beforeAll(async () => {
  const person = { email: 'someone@example.com', passwordHash: 'x' };
  const create = (username: string) => users.createUser({ ...person, username });
  const [busy, steady, quiet, stranger] = await Promise.all(
    ['busy', 'steady', 'quiet', 'stranger'].map(create),
  );
  readerId = await create('reader');
  for (const author of [busy, steady, quiet]) await followers.follow(readerId, author ?? 0);
  const authors = Array.from({ length: 2000 }, (_, index) => {
    if (index < 900) return index % 3 === 0 ? stranger : busy;
    if (index % 500 === 0) return readerId;
    if (index === 1000 || index === 1700) return quiet;
    return index % 12 === 0 ? steady : stranger;
  });
  const values = authors.map((author) => `(${author}, 'a message', 0)`).join();
  await runSql(
    config,
    `insert into message (author_id, text, pub_date) values ${values}`,
    'drop table profile',
  );
  await initializeSchema(config, { existing: 'keep', waitMaxMs: 10_000 });
  const rows = await database.select<{ messageId: number }>(
    'select message_id as messageId from message where author_id <> :stranger order by message_id desc',
    { stranger: stranger ?? 0 },
  );
  shown = rows.map(({ messageId }) => messageId);
});

test('the newest page has the newest of all whom the reader follows', async () => {
  expect(await ids.listForReader(readerId, null)).toEqual(shown.slice(0, PAGE_AND_ONE));
});

test('beside any message stand those that are just older, and just newer', async () => {
  for (let place = 0; place <= shown.length; place += 13) {
    const than = shown[place] ?? 1;
    expect(await ids.listForReader(readerId, { direction: 'older', than })).toEqual(
      shown.filter((id) => id < than).slice(0, PAGE_AND_ONE),
    );
    expect(await ids.listForReader(readerId, { direction: 'newer', than })).toEqual(
      shown.filter((id) => id > than).slice(-PAGE_AND_ONE),
    );
  }
});

test('cursors that nobody was given lead to the nearest page', async () => {
  const beyond = { direction: 'older', than: Number.MAX_SAFE_INTEGER } as const;
  expect(await ids.listForReader(readerId, beyond)).toEqual(shown.slice(0, PAGE_AND_ONE));
  const before = { direction: 'newer', than: 0 } as const;
  expect(await ids.listForReader(readerId, before)).toEqual(shown.slice(-PAGE_AND_ONE));
});

test('who reads fewer messages than a page has all of them beside any', async () => {
  const lonely = await users.createUser({ username: 'lonely', email: 'a@b', passwordHash: 'x' });
  const own: number[] = [];
  for (let index = 0; index < 3; index++)
    own.unshift(await messages.createMessage(lonely, 'alone'));
  const [newest = 0, middle = 0, oldest = 0] = own;
  expect(await ids.listForReader(lonely, { direction: 'older', than: newest })).toEqual([
    middle,
    oldest,
  ]);
  expect(await ids.listForReader(lonely, { direction: 'newer', than: oldest })).toEqual([
    newest,
    middle,
  ]);
});
