import { beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { createMessages } from '../../src/repositories/messages.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { PAGE_SIZE } from '../../src/repositories/page.ts';
import { useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const { config, database } = useDatabase();
const { users, messages, timelines } = createRepositories(database);
let carol: number;
let dave: number;

beforeAll(async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  carol = await users.createUser({ ...person, username: 'carol' });
  dave = await users.createUser({ ...person, username: 'dave' });
});

/** Lists the newest messages of a user who follows no users, from the user's profile. */
async function listNewest(userId: number): Promise<readonly number[]> {
  return (await timelines.listHome(userId, null)).messageIds;
}

async function listTexts(userId: number, count: number): Promise<string[]> {
  const newest = await listNewest(userId);
  const listed = await messages.listMessages(newest.slice(0, count));
  return listed.map(({ text }) => text);
}

test('concurrent messages are stored with two statements, each with its own author and id', async () => {
  const changes: string[] = [];
  const counting: Database = {
    ...database,
    transact: (work) =>
      database.transact((statements) => {
        const execute: typeof statements.execute = (sql, values) => {
          changes.push(sql);
          return statements.execute(sql, values);
        };
        return work({ ...statements, execute });
      }),
  };
  const counted = createMessages(counting);
  const drafts = Array.from({ length: 40 }, (_, index) => ({
    authorId: index % 3 === 0 ? dave : carol,
    // Some texts occur twice.
    text: `at once ${index % 7}`,
  }));
  const stored = await Promise.all(
    drafts.map(async ({ authorId, text }) => {
      const messageId = await counted.createMessage(authorId, text);
      return { messageId, authorId, text };
    }),
  );
  expect(changes).toHaveLength(2);
  expect(await messages.listMessages(stored.map(({ messageId }) => messageId))).toMatchObject(
    stored,
  );
  for (const authorId of [carol, dave]) {
    const own = stored.filter((message) => message.authorId === authorId);
    expect(await listNewest(authorId)).toEqual(
      own
        .map(({ messageId }) => messageId)
        .toReversed()
        .slice(0, PAGE_SIZE),
    );
  }
});

test('the other messages of a batch are stored if one of them cannot be', async () => {
  const results = await Promise.allSettled([
    messages.createMessage(dave, 'before'),
    messages.createMessage(999_999, 'boo'),
    messages.createMessage(dave, 'after'),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  // The messages were then stored concurrently, so their order is random.
  expect(new Set(await listTexts(dave, 2))).toEqual(new Set(['before', 'after']));
});

test('a locked profile blocks the posts of its user, and of no other user', async () => {
  const before = await listNewest(carol);
  await withConnection(config, { waitMaxMs: HANG_MS }, async (connection) => {
    await connection.query('begin');
    await connection.query(`select 1 from profile where user_id = ${carol} for update`);
    const [locked, free] = await Promise.allSettled([
      messages.createMessage(carol, 'locked'),
      messages.createMessage(dave, 'free'),
    ]);
    expect(locked).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(free.status).toBe('fulfilled');
  });
  expect(await listNewest(carol)).toEqual(before);
  expect(await listTexts(dave, 1)).toEqual(['free']);
});

test('a message is not stored again if the outcome is unknown', async () => {
  let calls = 0;
  const lost: Database = {
    ...database,
    transact() {
      calls++;
      throw new AppError('unavailable', 'The outcome is unknown.');
    },
  };
  await expect(createMessages(lost).createMessage(dave, 'once')).rejects.toThrow(
    'The outcome is unknown.',
  );
  expect(calls).toBe(1);
});

test('concurrent messages have their own ids if the server leaves out numbers', async () => {
  const changed = openDatabase({ ...config, poolSize: 1 });
  await changed.execute('set session auto_increment_increment = 7');
  const posted = createMessages(changed);
  const ids = await Promise.all([1, 2, 3].map((n) => posted.createMessage(carol, `seventh ${n}`)));
  const [first = 0] = ids;
  expect(ids).toEqual([first, first + 7, first + 14]);
  expect((await messages.listMessages(ids)).map(({ text }) => text)).toEqual([
    'seventh 1',
    'seventh 2',
    'seventh 3',
  ]);
  expect((await listNewest(carol)).slice(0, 3)).toEqual(ids.toReversed());
  await changed.end();
});

test('concurrent messages have their own ids if another instance stores one of their author between them', async () => {
  let isFirst = true;
  const interrupted: Database = {
    ...database,
    transact: (work) =>
      database.transact((statements) => {
        const execute: typeof statements.execute = async (sql, values) => {
          const result = await statements.execute(sql, values);
          if (isFirst) {
            isFirst = false;
            await messages.createMessage(carol, 'of another instance');
          }
          return result;
        };
        return work({ ...statements, execute });
      }),
  };
  const posted = createMessages(interrupted);
  const ids = await Promise.all([
    posted.createMessage(carol, 'of carol'),
    posted.createMessage(dave, 'of dave'),
  ]);
  expect((await messages.listMessages(ids)).map(({ text }) => text)).toEqual([
    'of carol',
    'of dave',
  ]);
  expect((await listTexts(carol, 2)).toSorted()).toEqual(['of another instance', 'of carol']);
  expect(await listTexts(dave, 1)).toEqual(['of dave']);
});
