import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { migrateSchema } from '../../src/database/schema.ts';
import { PAGE_SIZE } from '../../src/repositories/page.ts';
import { prependNewestIds } from '../../src/repositories/profile-updates.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

// Two instances, each with its own connections.
const { config, database } = useDatabase();
const other = openDatabase({ ...config, poolSize: 5 });
const here = createRepositories(database);
const there = createRepositories(other);
const { users, messages, followers, profiles, timelines } = here;
const USERS = 4;
let userIds: number[];

beforeAll(async () => {
  userIds = await Promise.all(
    Array.from({ length: USERS }, (_, index) =>
      users.createUser({ username: `user ${index}`, email: 'a@b', passwordHash: 'x' }),
    ),
  );
});
afterAll(() => other.end());

/** Computes the profiles from `follower` and `message`. */
async function computeProfiles() {
  return Promise.all(
    userIds.map(async (userId, index) => {
      const count = async (column: 'who_id' | 'whom_id') => {
        const sql = {
          who_id: 'select count(*) as total from follower where who_id = :userId',
          whom_id: 'select count(*) as total from follower where whom_id = :userId',
        };
        const [row] = await database.select<{ total: number }>(sql[column], { userId });
        return row?.total;
      };
      const rows = await database.select<{ messageId: number }>(
        `select message_id as messageId from message
         where author_id = :userId order by message_id desc limit 31`,
        { userId },
      );
      return {
        userId,
        username: `user ${index}`,
        email: 'a@b',
        followers: await count('whom_id'),
        following: await count('who_id'),
        newestIds: rows.map(({ messageId }) => messageId),
        isSuspended: false,
        version: expect.any(String) as string,
      };
    }),
  );
}

function listProfiles() {
  return Promise.all(userIds.map((_, index) => profiles.findProfile(`user ${index}`)));
}

/** Returns a seeded generator of integers from 0 to below a limit. */
function createDraw(): (limit: number) => number {
  let state = 7;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

test('profiles are correct after concurrent posts, deletions and follows on two instances', async () => {
  const draw = createDraw();
  const posted: { messageId: number; authorId: number }[] = [];
  for (let round = 0; round < 30; round++) {
    const acts = Array.from({ length: 10 }, async () => {
      const instance = draw(2) === 0 ? here : there;
      const [who = 0, whom = 0] = [userIds[draw(USERS)], userIds[draw(USERS)]];
      const act = draw(10);
      if (act < 6) {
        const messageId = await instance.messages.createMessage(who, 'a message');
        posted.push({ messageId, authorId: who });
      } else if (act < 8) {
        const [message] = posted.splice(draw(posted.length + 1), 1);
        if (message) await instance.messages.deleteMessage(message);
      } else if (act < 9) {
        await instance.followers.follow(who, whom);
      } else {
        await instance.followers.unfollow(who, whom);
      }
    });
    await Promise.all(acts);
    expect(await listProfiles()).toEqual(await computeProfiles());
  }
});

test('a message with a lower id that is stored later is in its place', async () => {
  const [author = 0] = userIds;
  let between = 0;
  const ids = await database.transact(async (transaction) => {
    const insert = async () => {
      const { insertId } = await transaction.execute(
        'insert into message (author_id, text, pub_date) values (:author, :text, 0)',
        { author, text: 'slow' },
      );
      return insertId;
    };
    // The first message has its id. Another message is stored before it.
    const first = await insert();
    between = await messages.createMessage(author, 'quick');
    const last = await insert();
    const stored = [first, last].map((messageId) => ({ authorId: author, messageId }));
    await prependNewestIds(transaction, stored);
    return [last, between, first];
  });
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  const profile = await profiles.findProfile('user 0');
  expect(profile?.newestIds.slice(0, 3)).toEqual(ids);
});

test('a profile has at most 31 message ids', async () => {
  const [, , , author = 0] = userIds;
  for (let index = 0; index < 40; index++) await messages.createMessage(author, 'one more');
  expect((await profiles.findProfile('user 3'))?.newestIds).toHaveLength(31);
  expect(await listProfiles()).toEqual(await computeProfiles());
});

test('migrateSchema creates the profiles of users from before the table', async () => {
  await followers.follow(userIds[0] ?? 0, userIds[1] ?? 0);
  const before = await listProfiles();
  await runSql(config, 'delete from profile');
  await migrateSchema(config, { waitMaxMs: HANG_MS });
  expect(await listProfiles()).toEqual(before);
});

test('migrateSchema creates a missing profile, and until then posts and follows of its user fail', async () => {
  const before = await listProfiles();
  const [missing = 0, complete = 0] = userIds;
  await runSql(config, `delete from profile where user_id = ${missing}`);
  const writes = [
    () => messages.createMessage(missing, 'lost'),
    () => followers.follow(missing, complete),
    () => followers.follow(complete, missing),
  ];
  await runSql(config, 'delete from follower');
  for (const write of writes) {
    await expect(write()).rejects.toThrow('A user has no row in the table profile.');
  }
  await runSql(config, 'delete from profile');
  await migrateSchema(config, { waitMaxMs: HANG_MS });
  expect(await listProfiles()).toEqual(await computeProfiles());
  expect((await profiles.findProfile('user 0'))?.newestIds).toEqual(before[0]?.newestIds);
});

test('the home timeline of a user who follows themselves has each message once', async () => {
  const [self = 0] = userIds;
  await followers.follow(self, self);
  const { messageIds } = await timelines.listHome(self, null);
  expect(messageIds).toEqual(Array.from(new Set(messageIds)));
  const newestIds = (await profiles.findProfile('user 0'))?.newestIds;
  expect(messageIds).toEqual(newestIds?.slice(0, PAGE_SIZE));
});

test('returns null if the user does not exist', async () => {
  expect(await profiles.findProfile('nobody')).toBeNull();
  expect(await profiles.findProfile('user 0 ')).toBeNull();
});

test('the version of a profile differs after each change', async () => {
  const changed = await users.createUser({ username: 'changed', email: 'a@b', passwordHash: 'x' });
  const versions: (string | undefined)[] = [];
  const [fan = 0] = userIds;
  for (const change of [
    async () => {},
    () => followers.follow(fan, changed),
    () => followers.follow(changed, fan),
    () => messages.createMessage(changed, 'a message'),
  ]) {
    await change();
    versions.push((await profiles.findProfile('changed'))?.version);
  }
  expect(new Set(versions).size).toBe(4);
  expect((await profiles.findProfile('changed'))?.version).toBe(versions.at(-1));
});
