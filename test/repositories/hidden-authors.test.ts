import { beforeAll, describe, expect, inject, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { hideAuthor } from '../../src/repositories/hidden-authors.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

// Two instances, each with its own connections.
const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const here = createRepositories(database);
const there = createRepositories(otherDatabase);
const { users, messages, followers, profiles, sessions, timelines, hiddenAuthors } = here;
const source = { actor: 'moderator', reason: 'spam' };
const FUTURE_S = 4_000_000_000;
let reader: number;

beforeAll(async () => {
  reader = await createUser('reader');
});

function createUser(username: string): Promise<number> {
  return users.createUser({ username, email: 'a@example.com', passwordHash: 'x' });
}

/** Creates an author with 40 messages, whom the reader follows. Returns the ids, newest first. */
async function createAuthor(username: string): Promise<{ author: number; ids: number[] }> {
  const author = await createUser(username);
  await followers.follow(reader, author);
  const ids = [];
  for (let index = 0; index < 40; index++) {
    ids.unshift(await messages.createMessage(author, `message ${index} of ${username}`));
  }
  return { author, ids };
}

/** Lists the ids of all pages of the reader, of both kinds and in both directions, on another instance. */
async function listVisible(): Promise<{ all: number[]; home: number[] }> {
  const read = async (
    list: (
      cursor: { before: number } | { after: number } | null,
    ) => Promise<{ messageIds: readonly number[] }>,
  ) => {
    const newest = await list(null);
    const pages = await Promise.all([
      list({ before: Number.MAX_SAFE_INTEGER }),
      list({ after: 0 }),
      list({ after: 20 }),
    ]);
    const ids = new Set([newest, ...pages].flatMap(({ messageIds }) => messageIds));
    for (let oldest = Math.min(...newest.messageIds); Number.isFinite(oldest);) {
      const { messageIds } = await list({ before: oldest });
      for (const id of messageIds) ids.add(id);
      oldest = Math.min(...messageIds);
    }
    return Array.from(ids);
  };
  return {
    all: await read((cursor) => there.timelines.listPublic(cursor)),
    home: await read((cursor) => there.timelines.listHome(reader, cursor)),
  };
}

function saveSession(sessionId: string, userId: number): Promise<boolean> {
  const session = {
    sessionId,
    userId,
    passwordHash: 'x',
    hasSecondFactor: false,
    expiresS: FUTURE_S,
    browser: '',
  };
  return there.sessions.saveSession(session);
}

test('no page of another instance lists a suspended author, until the suspension is lifted', async () => {
  const alice = await createAuthor('alice');
  const bob = await createAuthor('bob');
  const before = await listVisible();
  expect(before.all).toEqual(expect.arrayContaining([...alice.ids, ...bob.ids]));
  expect(before.home).toEqual(expect.arrayContaining([...alice.ids, ...bob.ids]));

  expect(await hiddenAuthors.suspend(alice.author, null, source)).toBe(true);
  const during = await listVisible();
  for (const ids of [during.all, during.home]) {
    expect(ids.filter((id) => alice.ids.includes(id))).toEqual([]);
    expect(ids).toEqual(expect.arrayContaining(bob.ids));
  }
  expect(await there.profiles.findProfile('alice')).toMatchObject({
    isSuspended: true,
    newestIds: [],
    followers: 1,
  });

  expect(await hiddenAuthors.liftSuspension(alice.author, source)).toBe(true);
  expect(await listVisible()).toEqual(before);
  expect(await there.profiles.findProfile('alice')).toMatchObject({
    isSuspended: false,
    newestIds: alice.ids.slice(0, 31),
  });
});

test('a suspension ends all sessions, and no login, post or follow succeeds during it', async () => {
  const carol = await createUser('carol');
  const message = await messages.createMessage(carol, 'before');
  expect(await saveSession('carol', carol)).toBe(true);
  await hiddenAuthors.suspend(carol, null, source);
  expect(await there.sessions.findSession('carol', 0)).toBeNull();
  await expect(saveSession('carol again', carol)).rejects.toMatchObject({
    code: 'forbidden',
    message: 'Your account is suspended.',
  });
  const ended = { code: 'unauthenticated', message: 'Your account was suspended or deleted.' };
  await expect(there.messages.createMessage(carol, 'during')).rejects.toMatchObject(ended);
  await expect(there.followers.follow(carol, reader)).rejects.toMatchObject(ended);
  await expect(there.followers.follow(reader, carol)).rejects.toMatchObject({ code: 'not_found' });
  // A moderator may delete a message. The profile has no ids of others then.
  await there.messages.deleteMessage({ messageId: message, authorId: carol });
  expect((await profiles.findProfile('carol'))?.newestIds).toEqual([]);

  await hiddenAuthors.liftSuspension(carol, source);
  expect(await saveSession('carol again', carol)).toBe(true);
  const after = await there.messages.createMessage(carol, 'after');
  expect((await profiles.findProfile('carol'))?.newestIds).toEqual([after]);
  await there.followers.follow(carol, reader);
  expect(await profiles.findProfile('carol')).toMatchObject({ following: 1, followers: 0 });
});

test('other posts of the batch of a suspended author are stored', async () => {
  const dan = await createUser('dan');
  const erin = await createUser('erin');
  await hiddenAuthors.suspend(dan, null, source);
  const posts = await Promise.allSettled(
    [erin, dan, erin].map((author) => messages.createMessage(author, 'together')),
  );
  expect(posts.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await profiles.findProfile('erin'))?.newestIds).toHaveLength(2);
});

describe('a request during the transaction that hides its user waits, and fails', async () => {
  const firstLock = inject('hasForeignKeys') === false ? 'update profile' : 'insert into message';
  test.each<[what: string, statement: string, act: (userId: number) => Promise<unknown>]>([
    ['a post', firstLock, (userId) => there.messages.createMessage(userId, 'late')],
    ['a follow', 'select 1%from user', (userId) => there.followers.follow(userId, reader)],
    ['a login', 'insert into session', (userId) => saveSession('late', userId)],
  ])('%s', async (what, statement, act) => {
    const userId = await createUser(what);
    let result: Promise<unknown> = Promise.resolve();
    await database.transact(async (transaction) => {
      await hideAuthor(transaction, userId, { untilS: null, isDeleted: false });
      result = act(userId).catch((error: Error) => error.message);
      await waitFor('the request waits for the lock', async () => {
        const sql = `select 1 from information_schema.processlist
          where db = database() and info like :pattern`;
        return (await database.select(sql, { pattern: `${statement}%${userId}%` })).length > 0;
      });
    });
    expect(await result).toMatch(/^Your account (?:is|was) suspended/);
    expect(await profiles.findProfile(what)).toMatchObject({ newestIds: [], following: 0 });
    expect(await sessions.listSessions(userId, 0)).toEqual([]);
    const { messageIds } = await timelines.listPublic(null);
    const authors = (await messages.listMessages(messageIds)).map(({ authorId }) => authorId);
    expect(authors).not.toContain(userId);
  });
});

test('posts and logins during the suspension of their user are not visible afterwards', async () => {
  for (let round = 0; round < 10; round++) {
    const username = `racer ${round}`;
    const racer = await createUser(username);
    const instances = [here, there, here, there];
    const before = instances.map((each) => each.messages.createMessage(racer, 'a race'));
    const logins = instances.map((_, index) => saveSession(`${username} ${index}`, racer));
    const suspension = hiddenAuthors.suspend(racer, null, source);
    const later = instances.map((each) => each.messages.createMessage(racer, 'a late race'));
    await Promise.allSettled([...before, ...later, ...logins]);
    expect(await suspension).toBe(true);
    expect((await profiles.findProfile(username))?.newestIds).toEqual([]);
    expect(await sessions.listSessions(racer, 0)).toEqual([]);
    const stored = await database.select<{ id: number }>(
      'select message_id as id from message where author_id = :racer order by message_id desc',
      { racer },
    );
    await hiddenAuthors.liftSuspension(racer, source);
    const newestIds = (await profiles.findProfile(username))?.newestIds;
    expect(newestIds).toEqual(stored.map(({ id }) => id));
  }
});

test('suspensions for a time end by the clock of the database, at most `limit` at once', async () => {
  const names = ['one', 'two', 'three', 'four'];
  const ids = await Promise.all(names.map(createUser));
  const [one = 0, two = 0, three = 0, four = 0] = ids;
  for (const id of [one, two, three]) await hiddenAuthors.suspend(id, 1000, source);
  await hiddenAuthors.suspend(four, FUTURE_S, source);
  expect(await hiddenAuthors.liftEndedSuspensions(2)).toBe(2);
  expect(await there.hiddenAuthors.liftEndedSuspensions(2)).toBe(1);
  expect(await hiddenAuthors.liftEndedSuspensions(2)).toBe(0);
  const suspended = await Promise.all(names.map((name) => profiles.findProfile(name)));
  expect(suspended.map((profile) => profile?.isSuspended)).toEqual([false, false, false, true]);
});

test('a login names the end of a suspension, and succeeds as soon as it has ended', async () => {
  const frank = await createUser('frank');
  await hiddenAuthors.suspend(frank, FUTURE_S, source);
  await expect(saveSession('frank', frank)).rejects.toThrow(
    'Your account is suspended until 2096-10-02 07:06 UTC.',
  );
  await hiddenAuthors.suspend(frank, 1000, source);
  expect(await saveSession('frank', frank)).toBe(true);
  expect((await profiles.findProfile('frank'))?.isSuspended).toBe(false);
});

test('records each decision in the audit log, and none that changed nothing', async () => {
  const grace = await createUser('grace');
  expect(await hiddenAuthors.liftSuspension(grace, source)).toBe(false);
  await hiddenAuthors.suspend(grace, FUTURE_S, { actor: null, reason: 'by the operator' });
  await hiddenAuthors.liftSuspension(grace, source);
  expect(await hiddenAuthors.suspend(999_999, null, source)).toBe(false);
  expect(await hiddenAuthors.liftSuspension(999_999, source)).toBe(false);
  const decisions = await database.select(
    `select actor, action, username, message_id as messageId, reason
     from audit
     where user_id in (:grace, 999999)
     order by audit_id`,
    { grace },
  );
  expect(decisions).toEqual([
    { actor: '', action: 'suspend', username: 'grace', messageId: 0, reason: 'by the operator' },
    {
      actor: 'moderator',
      action: 'lift_suspension',
      username: 'grace',
      messageId: 0,
      reason: 'spam',
    },
  ]);
});
