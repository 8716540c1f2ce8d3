import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { migrateSchema } from '../../src/database/schema.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

// The cost of a page is the number of rows that the server reads. The session's counter needs a pool of one connection.
const { config } = useDatabase();
const database = openDatabase({ ...config, poolSize: 1 });
const { users, messages, followers, profiles, sessions, timelines } = createRepositories(database);
const AUTHORS = 64;
const MESSAGES = AUTHORS * 256;
// A page reads 31 messages with their authors, and the rows of the indexes that find them.
const PAGE_ROWS = 400;
let reader: number;
let loner: number;
const middle = MESSAGES / 2;
// `newestIds` is empty, so the queries read the newest messages of the first author.
const firstAuthor = { userId: 1, newestIds: [] };

beforeAll(async () => {
  const person = { email: 'someone@example.com', passwordHash: 'x' };
  const authors: number[] = [];
  for (let index = 0; index < AUTHORS; index++) {
    authors.push(await users.createUser({ ...person, username: `author ${index}` }));
  }
  reader = await users.createUser({ ...person, username: 'reader' });
  loner = await users.createUser({ ...person, username: 'loner' });
  for (const author of authors.filter((id) => id % 4 === 0)) await followers.follow(reader, author);
  for (const author of authors) await messages.createMessage(author, 'a message');
  for (let count = AUTHORS; count < MESSAGES; count *= 2) {
    await runSql(
      config,
      `insert into message (message_id, author_id, text, pub_date)
       select message_id + ${count}, author_id, text, pub_date from message`,
    );
  }
  await runSql(config, 'delete from profile');
  await migrateSchema(config, { waitMaxMs: HANG_MS });
  await runSql(config, 'analyze table user, message, follower, profile');
});

afterAll(() => database.end());

async function countRowsRead(): Promise<number> {
  const rows = await database.select<{ Value: string }>(`show session status like 'Handler_read%'`);
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

async function measureCost(read: () => Promise<unknown>): Promise<number> {
  const first = await countRowsRead();
  // `before - first` is the cost of countRowsRead itself.
  const before = await countRowsRead();
  await read();
  return (await countRowsRead()) - before - (before - first);
}

test.each<[page: string, read: () => Promise<unknown>]>([
  ['the public timeline', () => timelines.listPublic(null)],
  ['an older page of the public timeline', () => timelines.listPublic({ before: middle })],
  ['a newer page of the public timeline', () => timelines.listPublic({ after: middle })],
  ["a user's page", () => timelines.listByAuthor(firstAuthor, null)],
  ['an older page of a user', () => timelines.listByAuthor(firstAuthor, { before: middle })],
  ['a newer page of a user', () => timelines.listByAuthor(firstAuthor, { after: middle })],
  ['the home timeline', () => timelines.listHome(reader, null)],
  ['an older page of the home timeline', () => timelines.listHome(reader, { before: middle })],
  ['a newer page of the home timeline', () => timelines.listHome(reader, { after: middle })],
  ['the home timeline of a user who follows no users', () => timelines.listHome(loner, null)],
  ['a user by name', () => users.findUser('author 7')],
  ["a user's profile", () => profiles.findProfile('author 7')],
  ['a session', () => sessions.findSession('none', 0)],
])('the number of rows read for %s does not grow with the tables', async (_page, read) => {
  expect(await measureCost(read)).toBeLessThan(PAGE_ROWS);
});
