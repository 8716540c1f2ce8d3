import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../../src/database/with-connection.ts';
import { findPreviousRun } from '../../../src/warehouse/report/history.ts';
import {
  computeStatistics,
  type Statistic,
  type Value,
} from '../../../src/warehouse/statistics/statistics.ts';
import { useDatabase } from '../../support/database.ts';
import { AS_OF_S, copyWith, fillSample } from './sample.ts';

const sample = useDatabase();
const empty = useDatabase();
let statistics: Statistic[];
let withoutUsers: Statistic[];
/** 366 / 2110, as a connection that has computed statistics rounds it. */
let share: unknown;

beforeAll(async () => {
  statistics = await compute(sample.config, async (connection) => {
    await fillSample(connection);
    // In the previous run, Alice and Bob had one follower each.
    await connection.query(
      `insert into followers_at (run, user_id, followers) values ('before', 1, 1), ('before', 2, 1)`,
    );
  });
  withoutUsers = await compute(
    empty.config,
    async () => undefined,
    async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(
        'select round(366 / 2110, 3) as share',
      );
      share = row?.share;
    },
  );
});

function compute(
  config: typeof sample.config,
  prepare: (connection: Connection) => Promise<void>,
  afterwards: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<Statistic[]> {
  return withConnection(config, { waitMaxMs: 10_000 }, async (connection) => {
    await findPreviousRun(connection, copyWith(1).tables);
    await prepare(connection);
    const computed = await computeStatistics(connection, { asOfS: AS_OF_S, before: 'before' });
    await afterwards(connection);
    return computed;
  });
}

function find(name: string, among = statistics): Statistic {
  const found = among.find((statistic) => statistic.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

/** The rows that begin with these values, without them. */
function rowsOf(name: string, ...start: Value[]): Value[][] {
  return find(name)
    .rows.filter((row) => start.every((value, index) => row[index] === value))
    .map((row) => row.slice(start.length));
}

test('key figures', () => {
  // There are 5 users, 6 messages and 5 follows. Carol posted in the last week (11-19 to 11-25), Alice and Bob on
  // 11-16.
  expect(find('totals')).toMatchObject({
    columns: ['people', 'messages', 'follows', 'active_week', 'active_month'],
    rows: [[5, 6, 5, 1, 3]],
  });
});

test('new users count on the latest possible day of their registration', () => {
  // Alice counts on the day of her first message (10-06). Bob counts on the day of Carol's first message (11-10), since
  // he has a lower id and posted later. Dave and Eve posted nothing, and count on the day of the copy (11-25).
  expect(find('new-users').columns).toEqual(['period', 'starts_on', 'new_users']);
  const days = rowsOf('new-users', 'day');
  expect(days).toHaveLength(26 + 25);
  expect(days.filter(([, users]) => users !== 0)).toEqual([
    ['2026-10-06', 1],
    ['2026-11-10', 2],
    ['2026-11-25', 2],
  ]);
  expect(rowsOf('new-users', 'week')).toEqual([
    ['2026-10-05', 1],
    ['2026-10-12', 0],
    ['2026-10-19', 0],
    ['2026-10-26', 0],
    ['2026-11-02', 0],
    ['2026-11-09', 2],
    ['2026-11-16', 0],
    ['2026-11-23', 2],
  ]);
  expect(rowsOf('new-users', 'month')).toEqual([
    ['2026-10-01', 1],
    ['2026-11-01', 4],
  ]);
});

test('active users of a day, of 7 days and of 30 days', () => {
  expect(find('active-users').columns).toEqual([
    'day',
    'daily',
    'weekly',
    'monthly',
    'daily_share',
    'weekly_share',
  ]);
  expect(find('active-users').rows).toHaveLength(26 + 25);
  // Alice posted on 10-06. She is active for 7 days, to 10-12, and for 30 days, to 11-04.
  expect(rowsOf('active-users', '2026-10-06')).toEqual([[1, 1, 1, 1, 1]]);
  expect(rowsOf('active-users', '2026-10-12')).toEqual([[0, 1, 1, 0, 1]]);
  expect(rowsOf('active-users', '2026-10-13')).toEqual([[0, 0, 1, 0, 0]]);
  expect(rowsOf('active-users', '2026-11-04')).toEqual([[0, 0, 1, 0, 0]]);
  expect(rowsOf('active-users', '2026-11-05')).toEqual([[0, 0, 0, null, null]]);
  // Alice and Bob posted on this day. It is the seventh day of Carol, who posted on 11-10.
  expect(rowsOf('active-users', '2026-11-16')).toEqual([[2, 3, 3, 0.667, 1]]);
  expect(rowsOf('active-users', '2026-11-17')).toEqual([[0, 2, 3, 0, 0.667]]);
  expect(rowsOf('active-users', '2026-11-25')).toEqual([[1, 1, 3, 0.333, 0.333]]);
});

test('messages, and messages per author', () => {
  expect(find('posts').columns).toEqual([
    'period',
    'starts_on',
    'active_users',
    'posts',
    'posts_per_active_user',
  ]);
  expect(rowsOf('posts', 'day', '2026-10-06')).toEqual([[1, 2, 2]]);
  expect(rowsOf('posts', 'day', '2026-10-07')).toEqual([[0, 0, null]]);
  expect(rowsOf('posts', 'day', '2026-11-16')).toEqual([[2, 2, 1]]);
  expect(rowsOf('posts', 'week', '2026-11-09')).toEqual([[1, 1, 1]]);
  expect(rowsOf('posts', 'week', '2026-11-16')).toEqual([[2, 2, 1]]);
  // In November, Carol posted two messages, Alice one and Bob one: 4 / 3.
  expect(rowsOf('posts', 'month')).toEqual([
    ['2026-10-01', 1, 2, 2],
    ['2026-11-01', 3, 4, 1.33],
  ]);
});

test('retention: the new users of a week who post in later weeks', () => {
  expect(find('retention').columns).toEqual([
    'came_in',
    'weeks_later',
    'users',
    'active_users',
    'share',
  ]);
  // Alice posts in her first week, and six weeks later, in the week of 11-16.
  expect(rowsOf('retention', '2026-10-05').map(([, , active]) => active)).toEqual([
    1, 0, 0, 0, 0, 0, 1, 0,
  ]);
  // Carol posts in the first week, Bob in the second one, and Carol in the third one.
  expect(rowsOf('retention', '2026-11-09')).toEqual([
    [0, 2, 1, 0.5],
    [1, 2, 1, 0.5],
    [2, 2, 1, 0.5],
  ]);
  expect(rowsOf('retention', '2026-11-23')).toEqual([[0, 2, 0, 0]]);
});

test('hours of the week', () => {
  expect(find('hours')).toMatchObject({
    columns: ['weekday', 'hour', 'posts'],
    rows: [
      [0, 0, 2],
      [1, 10, 2],
      [1, 23, 1],
      [2, 8, 1],
    ],
  });
});

test('the distributions of followers and of messages', () => {
  // Dave and Eve have 0, Bob and Carol 1, and Alice 3.
  expect(find('followers-each')).toMatchObject({
    columns: ['at_least', 'users', 'followers'],
    rows: [
      [0, 2, 0],
      [1, 2, 2],
      [2, 1, 3],
    ],
  });
  // Dave and Eve have 0, Bob 1, Carol 2, and Alice 3.
  expect(find('posts-each')).toMatchObject({
    columns: ['at_least', 'users', 'posts'],
    rows: [
      [0, 2, 0],
      [1, 1, 1],
      [2, 2, 5],
    ],
  });
});

test('the share of the top 1 %, which is only Alice', () => {
  expect(find('concentration')).toMatchObject({
    columns: ['counted', 'top_users', 'top_total', 'total', 'share'],
    rows: [
      ['followers', 1, 3, 5, 0.6],
      ['posts', 1, 3, 6, 0.5],
    ],
  });
});

test('the authors with the most new followers', () => {
  expect(find('rising-authors')).toMatchObject({
    columns: ['username', 'followers_before', 'followers', 'gained'],
    rows: [
      ['alice', 1, 3, 2],
      ['carol', 0, 1, 1],
    ],
  });
});

test('reciprocity: Alice and Bob follow each other', () => {
  expect(find('reciprocity')).toMatchObject({
    columns: ['follows', 'returned', 'share'],
    rows: [[5, 2, 0.4]],
  });
});

test('message lengths, in characters', () => {
  // The lengths are 5 and 9; 20, 24 and 25; 280.
  expect(find('lengths')).toMatchObject({
    columns: ['at_least', 'posts'],
    rows: [
      [0, 2],
      [20, 3],
      [280, 1],
    ],
  });
});

test('links and mentions, without email addresses', () => {
  expect(find('links-and-mentions')).toMatchObject({
    columns: ['month', 'posts', 'links', 'mentions', 'share_of_links', 'share_of_mentions'],
    rows: [
      ['2026-10-01', 2, 0, 1, 0, 0.5],
      ['2026-11-01', 4, 1, 0, 0.25, 0],
    ],
  });
});

test('each statistic has a title and a sentence with its meaning', () => {
  for (const { title, meaning } of statistics) {
    expect(title).toMatch(/^[A-Z][\w %-]+$/);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  }
});

test('shares are rounded once: 366 of 2110 is 0.17346, and not 0.1735 first', () => {
  expect(share).toBe('0.173');
});

test('without users, the totals are 0, and the other statistics have no rows', () => {
  expect(find('totals', withoutUsers).rows).toEqual([[0, 0, 0, 0, 0]]);
  expect(find('reciprocity', withoutUsers).rows).toEqual([[0, 0, null]]);
  const others = withoutUsers.filter(({ name }) => name !== 'totals' && name !== 'reciprocity');
  expect(others.map(({ rows }) => rows)).toEqual(others.map(() => []));
});
