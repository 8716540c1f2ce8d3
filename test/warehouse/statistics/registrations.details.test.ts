import { expect, test } from 'vitest';
import { prepareTables } from '../../../src/warehouse/statistics/statistics.ts';
import { AS_OF_S, at, type Tables, withTables } from './sample.ts';

const DAY_S = 86_400;
const START_S = at('2025-01-01 06:00:00');

/** Returns the day of each user's registration, in the order of the ids. */
function findDays(tables: Partial<Tables>): Promise<string[]> {
  const { users = [], messages = [] } = tables;
  return withTables({ users, messages, follows: [] }, async (duckdb) => {
    await prepareTables(duckdb, AS_OF_S);
    const result = await duckdb.runAndReadAll('select since from person order by user_id');
    return result.getRows().map(([since]) => String(since));
  });
}

/** Users of an earlier version, who post once each, `perDay` of them a day. */
function earlyUsers(count: number, perDay: number): Tables {
  return {
    users: Array.from({ length: count }, (_, index) => ({ username: `user${index + 1}` })),
    messages: Array.from({ length: count }, (_, index) => ({
      authorId: index + 1,
      pubDate: START_S + Math.floor(index / perDay) * DAY_S,
    })),
    follows: [],
  };
}

/** Replaces the times of the messages from an index on. */
function setTimes({ messages }: Tables, from: number, count: number, pubDate: number): void {
  for (const message of messages.slice(from, from + count)) message.pubDate = pubDate;
}

function dayOf(timeS: number): string {
  return new Date(timeS * 1000).toISOString().slice(0, 10);
}

function daysBetween(one: string, other: string): number {
  return Math.abs(Date.parse(one) - Date.parse(other)) / (DAY_S * 1000);
}

test('a stored registration counts, whatever the user or others posted', async () => {
  const days = await findDays({
    users: [
      { username: 'alice', registeredAt: at('2026-11-01 23:59:59') },
      { username: 'bob', registeredAt: at('2026-11-02 00:00:00') },
      { username: 'carol', registeredAt: at('2026-11-20 12:00:00') },
    ],
    messages: [{ authorId: 2, pubDate: at('2026-11-10 00:00:00') }],
  });
  expect(days).toEqual(['2026-11-01', '2026-11-02', '2026-11-20']);
});

test('a stored registration limits those of users with lower ids', async () => {
  const days = await findDays({
    users: [
      { username: 'silent' },
      { username: 'late' },
      { username: 'carol', registeredAt: at('2026-11-05 12:00:00') },
      // A server of the previous version has registered this user during an update.
      { username: 'updating' },
      { username: 'eve', registeredAt: at('2026-11-06 12:00:00') },
    ],
    messages: [{ authorId: 2, pubDate: at('2026-11-10 00:00:00') }],
  });
  expect(days).toEqual(['2026-11-05', '2026-11-05', '2026-11-05', '2026-11-06', '2026-11-06']);
});

test.each([0, 17, 22_000, 35_999, 44_999])(
  'a single message with the time 0, that of user %i of 45,000, moves no registration by more than a day',
  async (index) => {
    const tables = earlyUsers(45_000, 100);
    const expected = await findDays(tables);
    setTimes(tables, index, 1, 0);
    const days = await findDays(tables);
    // Nothing came before the first users, so they may have come a year before the next ones.
    const rest = index === 0 ? 1 : 0;
    expect(days.slice(0, rest).filter((day) => day < '2023-12-31')).toEqual([]);
    const moved = days.filter(
      (day, user) => user >= rest && daysBetween(day, expected[user] ?? '') > 1,
    );
    expect(moved).toEqual([]);
  },
);

test.each([0, 1, 2, 3, 4])(
  'a message with the time 0, that of user %i of 5, moves no registration by more than a year',
  async (index) => {
    const tables = earlyUsers(5, 1);
    setTimes(tables, index, 1, 0);
    const days = await findDays(tables);
    expect(days.toSorted()[0]?.slice(0, 4)).toMatch(/^202[45]$/);
  },
);

test('a hundred messages in a row with the time 0 move no registration by more than three days', async () => {
  const tables = earlyUsers(5000, 100);
  const expected = await findDays(tables);
  setTimes(tables, 3000, 100, 0);
  const days = await findDays(tables);
  const moved = days.filter((day, user) => daysBetween(day, expected[user] ?? '') > 3);
  expect(moved).toEqual([]);
});

test('wrong times in the future move no registration of another user', async () => {
  const tables = earlyUsers(5000, 100);
  const expected = await findDays(tables);
  setTimes(tables, 3000, 1, AS_OF_S + 365 * DAY_S);
  setTimes(tables, 4000, 2, AS_OF_S + 365 * DAY_S);
  expect(await findDays(tables)).toEqual(expected);
});

test('a stored registration with the time 0 moves no registration to 1970', async () => {
  const { users, messages } = earlyUsers(500, 10);
  const registered = Array.from({ length: 100 }, (_, index) => ({
    username: `new${index}`,
    registeredAt: START_S + (50 + index) * DAY_S,
  }));
  const wrong = registered[40];
  if (wrong) wrong.registeredAt = 0;
  const days = await findDays({ users: [...users, ...registered], messages });
  expect(days[0]).toBe(dayOf(START_S));
  expect(days.toSorted()[0]).toBe(dayOf(START_S));
  expect(daysBetween(days[540] ?? '', dayOf(START_S + 89 * DAY_S))).toBeLessThanOrEqual(3);
});

test('a small and slow site: two users, a year apart', async () => {
  const days = await findDays({
    users: [{ username: 'alice' }, { username: 'bob' }],
    messages: [
      { authorId: 1, pubDate: at('2024-05-06 10:00:00') },
      { authorId: 2, pubDate: at('2025-05-06 10:00:00') },
      { authorId: 1, pubDate: at('2025-05-07 10:00:00') },
    ],
  });
  expect(days).toEqual(['2024-05-06', '2025-05-06']);
});

test('users count on the day of the copy if they and all later users have posted nothing', async () => {
  expect(await findDays({ users: [{ username: 'alice' }] })).toEqual(['2026-11-25']);
});
