import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

// What a page costs is counted in rows that the server read for it, on the only connection.
const { config } = useDatabase();
const database = openDatabase({ ...config, poolSize: 1 });
const { users, messages, followers, profiles, sessions, timelines } = createRepositories(database);
const AUTHORS = 64;
const MESSAGES = AUTHORS * 256;
// thirty messages and one, each with its author, and what finds them; a reader follows those of 4096
const PAGE_ROWS = 400;
let reader: number;
let hermit: number;
const middle = MESSAGES / 2;
// the first of the authors, whose newest messages are read
const firstAuthor = { userId: 1, newestIds: [] };

beforeAll(async () => {
  const person = { email: 'someone@example.com', passwordHash: 'x' };
  const authors: number[] = [];
  for (let index = 0; index < AUTHORS; index++) {
    authors.push(await users.createUser({ ...person, username: `author ${index}` }));
  }
  reader = await users.createUser({ ...person, username: 'reader' });
  hermit = await users.createUser({ ...person, username: 'hermit' });
  for (const author of authors.filter((id) => id % 4 === 0)) await followers.follow(reader, author);
  for (const author of authors) await messages.createMessage(author, 'a message');
  for (let count = AUTHORS; count < MESSAGES; count *= 2) {
    await runSql(
      config,
      `insert into message (message_id, author_id, text, pub_date)
       select message_id + ${count}, author_id, text, pub_date from message`,
    );
  }
  await runSql(config, 'drop table profile');
  await initializeSchema(config, { existing: 'retain', waitMaxMs: HANG_MS });
  await runSql(config, 'analyze table user, message, follower, profile');
});

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
  ['the public timeline', () => timelines.listPublic(null)],
  ['an older page of it', () => timelines.listPublic({ before: middle })],
  ['a newer page of it', () => timelines.listPublic({ after: middle })],
  ["a user's page", () => timelines.listByAuthor(firstAuthor, null)],
  ['an older page of it', () => timelines.listByAuthor(firstAuthor, { before: middle })],
  ['a newer page of it', () => timelines.listByAuthor(firstAuthor, { after: middle })],
  ["a reader's timeline", () => timelines.listHome(reader, null)],
  ['an older page of it', () => timelines.listHome(reader, { before: middle })],
  ['a newer page of it', () => timelines.listHome(reader, { after: middle })],
  ['the timeline of somebody who follows nobody', () => timelines.listHome(hermit, null)],
  ['a user by name', () => users.findUser('author 7')],
  ["a user's profile", () => profiles.findProfile('author 7')],
  ['a session', () => sessions.findSession('none', 0)],
])('%s costs as many rows as it shows, not as there are', async (_page, read) => {
  expect(await costOf(read)).toBeLessThan(PAGE_ROWS);
});
