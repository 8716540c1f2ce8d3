import { beforeAll, expect, test } from 'vitest';
import type { Parameters } from '../../src/database/statements.ts';
import { migrateSchema } from '../../src/database/schema.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { type Cursor, PAGE_SIZE } from '../../src/repositories/page.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const { config, database } = useDatabase();
/** The number of rows of each select. */
const rowCounts: number[] = [];
const { users, messages, followers, timelines } = createRepositories({
  ...database,
  async select<Row>(sql: string, parameters?: Parameters) {
    const rows = await database.select<Row>(sql, parameters);
    rowCounts.push(rows.length);
    return rows;
  },
});
let readerId: number;
let shown: number[];

// The reader follows three users: `busy` wrote most of the old messages, `steady` writes regularly, and `quiet` wrote
// two messages. Between them are messages of a user who is not followed, and a few of the reader.
beforeAll(async () => {
  const person = { email: 'someone@example.com', passwordHash: 'x' };
  const create = (username: string) => users.createUser({ ...person, username });
  const [busy, steady, quiet, unfollowed] = await Promise.all(
    ['busy', 'steady', 'quiet', 'unfollowed'].map(create),
  );
  readerId = await create('reader');
  for (const author of [busy, steady, quiet]) await followers.follow(readerId, author ?? 0);
  const authors = Array.from({ length: 5000 }, (_, index) => {
    if (index < 3000) return index % 3 === 0 ? unfollowed : busy;
    if (index % 1000 === 0) return readerId;
    if (index === 3100 || index === 4700) return quiet;
    return index % 60 === 1 ? steady : unfollowed;
  });
  const values = authors.map((author) => `(${author}, 'a message', 0)`).join();
  await runSql(
    config,
    `insert into message (author_id, text, pub_date) values ${values}`,
    'delete from profile',
  );
  await migrateSchema(config, { waitMaxMs: HANG_MS });
  const rows = await database.select<{ messageId: number }>(
    'select message_id as messageId from message where author_id <> :unfollowed order by message_id desc',
    { unfollowed: unfollowed ?? 0 },
  );
  shown = rows.map(({ messageId }) => messageId);
});

async function read(cursor: Cursor, reader = readerId): Promise<readonly number[]> {
  return (await timelines.listHome(reader, cursor)).messageIds;
}

test('the newest page has the newest messages of the reader and of all followed users', async () => {
  expect(await read(null)).toEqual(shown.slice(0, PAGE_SIZE));
});

test('the pages before and after any message have its nearest messages', async () => {
  for (let place = 0; place <= shown.length; place += 41) {
    const cursorId = shown[place] ?? 1;
    const older = shown.filter((id) => id < cursorId);
    expect(await read({ before: cursorId })).toEqual(older.slice(0, PAGE_SIZE));
    const newer = shown.filter((id) => id > cursorId);
    // The newest page is always a full page.
    const expected = newer.length > PAGE_SIZE ? newer.slice(-PAGE_SIZE) : shown.slice(0, PAGE_SIZE);
    expect(await read({ after: cursorId })).toEqual(expected);
  }
});

test('a page takes at most 6 queries, and at most 1000 rows of each', async () => {
  for (let place = 0; place < shown.length; place += 29) {
    const cursorId = shown[place] ?? 1;
    for (const cursor of [{ before: cursorId }, { after: cursorId }]) {
      rowCounts.length = 0;
      await read(cursor);
      expect(rowCounts.length).toBeLessThanOrEqual(6);
      expect(Math.max(...rowCounts)).toBeLessThanOrEqual(1000);
    }
  }
});

test('a cursor beyond all messages returns the nearest page', async () => {
  const beyond = await read({ before: Number.MAX_SAFE_INTEGER });
  expect(beyond).toEqual(shown.slice(0, PAGE_SIZE));
  expect(await read({ after: 0 })).toEqual(shown.slice(-PAGE_SIZE));
});

test('finds a page beyond a long range of ids without messages', async () => {
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
  for (const [place, cursorId] of all.entries()) {
    const older = all.slice(place + 1, place + 1 + PAGE_SIZE);
    rowCounts.length = 0;
    expect(await read({ before: cursorId }, brisk)).toEqual(older);
    expect(rowCounts.length).toBeLessThanOrEqual(6);
  }
});

test('a reader who follows many users gets the newest messages of all of them', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const crowd = await users.createUser({ ...person, username: 'crowd' });
  const all: number[] = [];
  for (let index = 0; index < 40; index++) {
    const author = await users.createUser({ ...person, username: `one of a crowd ${index}` });
    await followers.follow(crowd, author);
    // The authors write one to three messages each.
    for (let count = 0; count <= index % 3; count++) {
      all.unshift(await messages.createMessage(author, 'in a crowd'));
    }
  }
  expect(await read(null, crowd)).toEqual(all.slice(0, PAGE_SIZE));
});

test('the page before the only message is empty, and the page after it has this message', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const shy = await users.createUser({ ...person, username: 'shy' });
  const only = await messages.createMessage(shy, 'hello');
  expect(await read({ before: only }, shy)).toEqual([]);
  expect(await read({ after: only }, shy)).toEqual([only]);
});

test('a timeline shorter than a page has all other messages before and after any message', async () => {
  const lonely = await users.createUser({ username: 'lonely', email: 'a@b', passwordHash: 'x' });
  const own: number[] = [];
  for (let index = 0; index < 3; index++) {
    own.unshift(await messages.createMessage(lonely, 'alone'));
  }
  const [newest = 0] = own;
  expect(await read({ before: newest }, lonely)).toEqual(own.slice(1));
  expect(await read({ after: newest - 1 }, lonely)).toEqual(own);
});

test('a reader who follows more authors than the server lists in one row gets the newest messages', async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  const hub = await users.createUser({ ...person, username: 'hub' });
  const firstAuthor = hub + 1;
  const firstMessage = 10 ** 12;
  // 320 lists of 31 ids with 13 digits have more than 128 KB.
  const authors = Array.from({ length: 320 }, (_, index) => firstAuthor + index);
  const posts = authors.flatMap((author, index) =>
    Array.from({ length: 31 }, (_, round) => [firstMessage + round * 1000 + index, author]),
  );
  await runSql(
    config,
    `insert into user (user_id, username, email, pw_hash)
     values ${authors.map((id) => `(${id}, 'spoke ${id}', 'a@b', 'x')`).join()}`,
    `insert into message (message_id, author_id, text, pub_date)
     values ${posts.map(([id, author]) => `(${id}, ${author}, 'from a spoke', 0)`).join()}`,
    `insert into follower (who_id, whom_id) values ${authors.map((id) => `(${hub}, ${id})`).join()}`,
    'delete from profile',
  );
  await migrateSchema(config, { waitMaxMs: HANG_MS });
  rowCounts.length = 0;
  const newest = posts.map(([id = 0]) => id).toSorted((a, b) => b - a);
  expect(await read(null, hub)).toEqual(newest.slice(0, PAGE_SIZE));
  expect(rowCounts).toHaveLength(2);
});
