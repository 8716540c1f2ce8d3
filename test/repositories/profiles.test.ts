import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { prependNewestIds } from '../../src/repositories/profile-updates.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

// Two instances, each with connections of its own.
const { config, database } = useDatabase();
const other = openDatabase({ ...config, poolSize: 5 });
const here = createRepositories(database);
const there = createRepositories(other);
const { users, messages, followers, profiles } = here;
const PEOPLE = 4;
let people: number[];

beforeAll(async () => {
  people = await Promise.all(
    Array.from({ length: PEOPLE }, (_, index) =>
      users.createUser({ username: `person ${index}`, email: 'a@b', passwordHash: 'x' }),
    ),
  );
});
afterAll(() => other.end());

/** What profiles should say, by the tables that they are made of. */
async function collect() {
  return Promise.all(
    people.map(async (userId, index) => {
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
        username: `person ${index}`,
        email: 'a@b',
        followers: await count('whom_id'),
        following: await count('who_id'),
        newestIds: rows.map(({ messageId }) => messageId),
      };
    }),
  );
}

function listProfiles() {
  return Promise.all(people.map((_, index) => profiles.findProfile(`person ${index}`)));
}

/** Draws the same numbers each time, from 0 to below a limit. */
function createDraw(): (limit: number) => number {
  let state = 7;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

test('whatever people do at once, wherever, profiles say what the tables say', async () => {
  const draw = createDraw();
  const posted: { messageId: number; authorId: number }[] = [];
  for (let round = 0; round < 30; round++) {
    const acts = Array.from({ length: 10 }, async () => {
      const instance = draw(2) === 0 ? here : there;
      const [who = 0, whom = 0] = [people[draw(PEOPLE)], people[draw(PEOPLE)]];
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
    expect(await listProfiles()).toEqual(await collect());
  }
});

test('a message that was numbered first but stored last is in its place', async () => {
  const [author = 0] = people;
  let between = 0;
  const ids = await database.transact(async (transaction) => {
    const insert = async () => {
      const { insertId } = await transaction.execute(
        'insert into message (author_id, text, pub_date) values (:author, :text, 0)',
        { author, text: 'slow' },
      );
      return insertId;
    };
    // the first has its number, and waits; another overtakes it
    const first = await insert();
    between = await messages.createMessage(author, 'quick');
    const last = await insert();
    const stored = [first, last].map((messageId) => ({ authorId: author, messageId }));
    await prependNewestIds(transaction, stored);
    return [last, between, first];
  });
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  const profile = await profiles.findProfile('person 0');
  expect(profile?.newestIds.slice(0, 3)).toEqual(ids);
});

test('a profile knows no more messages than a page and one', async () => {
  const [, , , author = 0] = people;
  for (let index = 0; index < 40; index++) await messages.createMessage(author, 'one more');
  expect((await profiles.findProfile('person 3'))?.newestIds).toHaveLength(31);
  expect(await listProfiles()).toEqual(await collect());
});

test('those who were there before the table get their profiles', async () => {
  await followers.follow(people[0] ?? 0, people[1] ?? 0);
  const before = await listProfiles();
  await runSql(config, 'drop table profile');
  await initializeSchema(config, { existing: 'retain', waitMaxMs: HANG_MS });
  expect(await listProfiles()).toEqual(before);
});

test('who has no profile gets one, and nobody changes what it should say before', async () => {
  const before = await listProfiles();
  const [lacking = 0, whole = 0] = people;
  await runSql(config, `delete from profile where user_id = ${lacking}`);
  const changes = [
    () => messages.createMessage(lacking, 'lost'),
    () => followers.follow(lacking, whole),
    () => followers.follow(whole, lacking),
  ];
  await runSql(config, 'delete from follower');
  for (const change of changes) {
    await expect(change()).rejects.toThrow('A user has no row in the table profile.');
  }
  await runSql(config, 'delete from profile');
  await initializeSchema(config, { existing: 'retain', waitMaxMs: HANG_MS });
  expect(await listProfiles()).toEqual(await collect());
  expect((await profiles.findProfile('person 0'))?.newestIds).toEqual(before[0]?.newestIds);
});

test('who follows themselves, as some did in MiniTwit, reads their messages once', async () => {
  const [self = 0] = people;
  await followers.follow(self, self);
  const ids = await profiles.listHomeTimelineIds(self);
  expect(ids).toEqual(Array.from(new Set(ids)));
  expect(ids).toEqual((await profiles.findProfile('person 0'))?.newestIds);
});

test('nobody is null', async () => {
  expect(await profiles.findProfile('nobody')).toBeNull();
  expect(await profiles.findProfile('person 0 ')).toBeNull();
});
