import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { runSql, useDatabase } from '../support/database.ts';

// What a page costs is counted in rows that the server read for it, on the only connection.
const { config } = useDatabase();
const database = openDatabase({ ...config, poolSize: 1 });
const { users, messages, followers, sessions } = createRepositories(database);
const MESSAGES = 8192;
const AUTHORS = 64;
// thirty messages and one, each with its author, and what finds them; far from the whole table
const PAGE_ROWS = 150;
let reader: number;
let hermit: number;
let middle: number;

beforeAll(async () => {
  const person = { email: 'someone@example.com', passwordHash: 'x' };
  const authors: number[] = [];
  for (let index = 0; index < AUTHORS; index++) {
    authors.push(await users.createUser({ ...person, username: `author ${index}` }));
  }
  reader = await users.createUser({ ...person, username: 'reader' });
  hermit = await users.createUser({ ...person, username: 'hermit' });
  await followers.follow(reader, authors[0] ?? 0);
  for (const author of authors) await messages.createMessage(author, 'a message');
  const double =
    'insert into message (author_id, text, pub_date) select author_id, text, pub_date from message';
  await runSql(
    config,
    ...Array.from({ length: Math.log2(MESSAGES / AUTHORS) }, () => double),
    'analyze table message',
  );
  const [row] = await database.select<{ id: number }>('select max(message_id) as id from message');
  middle = Math.floor((row?.id ?? 0) / 2);
}, 60_000);

afterAll(() => database.end());

async function countRowsRead(): Promise<number> {
  const rows = await database.select<{ Value: string }>(`show session status like 'Handler_read%'`);
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

async function costOf(read: () => Promise<unknown>): Promise<number> {
  const first = await countRowsRead();
  // what it costs to ask
  const before = await countRowsRead();
  await read();
  return (await countRowsRead()) - before - (before - first);
}

test.each<[page: string, read: () => Promise<unknown>]>([
  ['the public timeline', () => messages.listPublic(null)],
  ['an older page of it', () => messages.listPublic({ direction: 'older', than: middle })],
  ['a newer page of it', () => messages.listPublic({ direction: 'newer', than: middle })],
  ["a user's page", () => messages.listByAuthor(1, null)],
  ['an older page of it', () => messages.listByAuthor(1, { direction: 'older', than: middle })],
  ['a newer page of it', () => messages.listByAuthor(1, { direction: 'newer', than: middle })],
  ['the timeline of somebody who follows nobody', () => messages.listForReader(hermit, null)],
  ['a user by name', () => users.findUser('author 7')],
  ['the followers of a user', () => followers.countFollows(1)],
  ['a session', () => sessions.findSession('none', 0)],
])('%s costs as many rows as it shows, not as there are', async (_page, read) => {
  expect(await costOf(read)).toBeLessThan(PAGE_ROWS);
});

test("a reader's timeline costs what those wrote whom they follow, not what everyone wrote", async () => {
  const cost = await costOf(() => messages.listForReader(reader, null));
  // each is found, sorted and taken from the sorted ones
  expect(cost).toBeLessThan((3 * MESSAGES) / AUTHORS + PAGE_ROWS);
});
