import { beforeAll, expect, test } from 'vitest';
import type { Cursor } from '../../src/repositories/page.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const statements: string[] = [];
const { users, messages, followers, timelines } = createRepositories({
  ...database,
  select(sql, parameters) {
    statements.push(sql);
    return database.select(sql, parameters);
  },
});
const NAMES = ['alice', 'bob', 'carol'];
const COUNT = 40;
const ids = new Map<string, number>();
const posted: number[] = [];

beforeAll(async () => {
  for (const username of NAMES) {
    ids.set(
      username,
      await users.createUser({ username, email: `${username}@example.com`, passwordHash: 'x' }),
    );
  }
  const [alice = 0, bob = 0, carol = 0] = ids.values();
  await followers.follow(alice, bob);
  await followers.follow(bob, carol);
  for (let round = 0; round < COUNT; round++) {
    for (const author of ids.values()) posted.push(await messages.createMessage(author, 'hello'));
  }
});

/** Returns reads of pages whose results all differ. */
function listReads(): (() => Promise<unknown>)[] {
  const at = (place: number) => posted[place] ?? 0;
  const cursors: Cursor[] = [
    { before: at(60) },
    { before: at(100) },
    { after: at(9) },
    { after: at(20) },
  ];
  return cursors.flatMap((cursor) => [
    () => timelines.listPublic(cursor),
    ...Array.from(ids.values(), (userId) => [
      () => timelines.listByAuthor({ userId, newestIds: [] }, cursor),
      () => timelines.listHome(userId, cursor),
    ]).flat(),
  ]);
}

test('pages that are read at the same time are those that are read one by one', async () => {
  const alone: unknown[] = [];
  for (const read of listReads()) alone.push(await read());
  expect(new Set(alone.map((page) => JSON.stringify(page))).size).toBeGreaterThan(20);
  statements.length = 0;
  expect(await Promise.all(listReads().map((read) => read()))).toEqual(alone);
  expect(statements.filter((sql) => sql.includes('union all')).length).toBeGreaterThan(0);
});

test('a statement has at most 30 queries', async () => {
  const cursors = Array.from({ length: 70 }, (_, place) => ({ before: posted[place + 20] ?? 0 }));
  statements.length = 0;
  const pages = await Promise.all(cursors.map((cursor) => timelines.listPublic(cursor)));
  for (const [index, page] of pages.entries()) {
    expect(page.messageIds[0]).toBe(posted[index + 19]);
  }
  expect(statements.map((sql) => sql.split('union all').length)).toEqual([30, 30, 10]);
});
