import { beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../src/database/with-connection.ts';
import type { Database } from '../../src/database/database.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { createMessages } from '../../src/repositories/messages.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { PAGE_SIZE } from '../../src/repositories/page.ts';
import { useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

// What happens when several people post at the same time.
const { config, database } = useDatabase();
const { users, messages, timelines } = createRepositories(database);
let carol: number;
let dave: number;

beforeAll(async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  carol = await users.createUser({ ...person, username: 'carol' });
  dave = await users.createUser({ ...person, username: 'dave' });
});

/** The newest messages of somebody who follows nobody, by their profile. */
async function listNewest(userId: number): Promise<number[]> {
  return (await timelines.listHome(userId, null)).messageIds;
}

async function listTexts(userId: number, count: number): Promise<string[]> {
  const newest = await listNewest(userId);
  const listed = await messages.listMessages(newest.slice(0, count));
  return listed.map(({ text }) => text);
}

test('messages that come at once are stored at once, each with its own author and number', async () => {
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
    // some are the same twice
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

test('a message that cannot be stored keeps none from being stored that came with it', async () => {
  const results = await Promise.allSettled([
    messages.createMessage(dave, 'before'),
    messages.createMessage(999_999, 'boo'),
    messages.createMessage(dave, 'after'),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  // each was stored alone then, and these at the same time
  expect(new Set(await listTexts(dave, 2))).toEqual(new Set(['before', 'after']));
});

test('whose profile somebody keeps locked waits in vain, but keeps nobody else from posting', async () => {
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

test('what may have been stored is not stored again', async () => {
  let tries = 0;
  const lost: Database = {
    ...database,
    transact() {
      tries++;
      throw new AppError('unavailable', 'Who knows?');
    },
  };
  await expect(createMessages(lost).createMessage(dave, 'once')).rejects.toThrow('Who');
  expect(tries).toBe(1);
});
