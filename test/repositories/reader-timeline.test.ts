import { beforeAll, expect, test } from 'vitest';
import type { Parameters } from '../../src/database/statements.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { type Cursor, PAGE_SIZE } from '../../src/repositories/page.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const { config, database } = useDatabase();
/** How many rows each statement gave. */
const rowsGiven: number[] = [];
const { users, messages, followers, timelines } = createRepositories({
  ...database,
  async select<Row>(sql: string, parameters?: Parameters) {
    const rows = await database.select<Row>(sql, parameters);
    rowsGiven.push(rows.length);
    return rows;
  },
});
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
  const authors = Array.from({ length: 5000 }, (_, index) => {
    if (index < 3000) return index % 3 === 0 ? stranger : busy;
    if (index % 1000 === 0) return readerId;
    if (index === 3100 || index === 4700) return quiet;
    return index % 60 === 1 ? steady : stranger;
  });
  const values = authors.map((author) => `(${author}, 'a message', 0)`).join();
  await runSql(
    config,
    `insert into message (author_id, text, pub_date) values ${values}`,
    'drop table profile',
  );
  await initializeSchema(config, { existing: 'retain', waitMaxMs: HANG_MS });
  const rows = await database.select<{ messageId: number }>(
    'select message_id as messageId from message where author_id <> :stranger order by message_id desc',
    { stranger: stranger ?? 0 },
  );
  shown = rows.map(({ messageId }) => messageId);
});

async function read(cursor: Cursor, reader = readerId): Promise<number[]> {
  return (await timelines.listHome(reader, cursor)).messageIds;
}

test('the newest page has the newest of all whom the reader follows', async () => {
  expect(await read(null)).toEqual(shown.slice(0, PAGE_SIZE));
});

test('beside any message stand those that are just older, and just newer', async () => {
  for (let place = 0; place <= shown.length; place += 41) {
    const than = shown[place] ?? 1;
    const older = shown.filter((id) => id < than);
    expect(await read({ before: than })).toEqual(older.slice(0, PAGE_SIZE));
    const newer = shown.filter((id) => id > than);
    // a newest page is a full one
    const expected = newer.length > PAGE_SIZE ? newer.slice(-PAGE_SIZE) : shown.slice(0, PAGE_SIZE);
    expect(await read({ after: than })).toEqual(expected);
  }
});

test('no page takes more than a few queries, or a thousand rows of one', async () => {
  for (let place = 0; place < shown.length; place += 29) {
    const than = shown[place] ?? 1;
    for (const cursor of [{ before: than }, { after: than }]) {
      rowsGiven.length = 0;
      await read(cursor);
      expect(rowsGiven.length).toBeLessThanOrEqual(6);
      expect(Math.max(...rowsGiven)).toBeLessThanOrEqual(1000);
    }
  }
});

test('cursors that nobody was given lead to the nearest page', async () => {
  const beyond = await read({ before: Number.MAX_SAFE_INTEGER });
  expect(beyond).toEqual(shown.slice(0, PAGE_SIZE));
  expect(await read({ after: 0 })).toEqual(shown.slice(-PAGE_SIZE));
});

test('a page is found beyond a time in which nothing was written', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const brisk = await users.createUser({ ...person, username: 'brisk' });
  const own = async (count: number) => {
    const ids: number[] = [];
    for (let index = 0; index < count; index++) {
      ids.unshift(await messages.createMessage(brisk, 'brisk'));
    }
    return ids;
  };
  const old = await own(40);
  const others = Array.from({ length: 1000 }, () => `(${readerId}, 'of another', 0)`).join();
  await runSql(config, `insert into message (author_id, text, pub_date) values ${others}`);
  const all = [...(await own(40)), ...old];
  for (const [place, than] of all.entries()) {
    const older = all.slice(place + 1, place + 1 + PAGE_SIZE);
    rowsGiven.length = 0;
    expect(await read({ before: than }, brisk)).toEqual(older);
    expect(rowsGiven.length).toBeLessThanOrEqual(6);
  }
});

test('of many authors, the newest of all are read', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const crowd = await users.createUser({ ...person, username: 'crowd' });
  const all: number[] = [];
  for (let index = 0; index < 40; index++) {
    const author = await users.createUser({ ...person, username: `one of a crowd ${index}` });
    await followers.follow(crowd, author);
    // some write more than others
    for (let count = 0; count <= index % 3; count++) {
      all.unshift(await messages.createMessage(author, 'in a crowd'));
    }
  }
  expect(await read(null, crowd)).toEqual(all.slice(0, PAGE_SIZE));
});

test('who has written once reads that, and nothing beside it', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const shy = await users.createUser({ ...person, username: 'shy' });
  const only = await messages.createMessage(shy, 'hello');
  expect(await read({ before: only }, shy)).toEqual([]);
  expect(await read({ after: only }, shy)).toEqual([only]);
});

test('who reads fewer messages than a page has all of them beside any', async () => {
  const lonely = await users.createUser({ username: 'lonely', email: 'a@b', passwordHash: 'x' });
  const own: number[] = [];
  for (let index = 0; index < 3; index++) {
    own.unshift(await messages.createMessage(lonely, 'alone'));
  }
  const [newest = 0] = own;
  expect(await read({ before: newest }, lonely)).toEqual(own.slice(1));
  expect(await read({ after: newest - 1 }, lonely)).toEqual(own);
});
