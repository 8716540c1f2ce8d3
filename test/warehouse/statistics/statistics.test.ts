import { beforeAll, expect, test } from 'vitest';
import {
  computeStatistics,
  type Statistic,
  type Value,
} from '../../../src/warehouse/statistics/statistics.ts';
import { AS_OF_S, SAMPLE, type Tables, withTables } from './sample.ts';

const EMPTY: Tables = { users: [], messages: [], follows: [] };
let statistics: Statistic[];

beforeAll(async () => {
  statistics = await compute(SAMPLE);
});

function compute(tables: Tables): Promise<Statistic[]> {
  const options = { asOfS: AS_OF_S, hasBefore: tables.followsBefore !== undefined };
  return withTables(tables, (duckdb) => computeStatistics(duckdb, options));
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

test('without a stored registration, users count on the latest possible day of it', () => {
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

test('without an earlier run, all followers are new', async () => {
  const { followsBefore: _, ...first } = SAMPLE;
  expect(find('rising-authors', await compute(first)).rows).toEqual([
    ['alice', 0, 3, 3],
    ['bob', 0, 1, 1],
    ['carol', 0, 1, 1],
  ]);
});

test('shares are rounded once, half up: 366 of 2110 is 0.17346, and 89 of 400 is 0.2225', async () => {
  // Each user follows the next one, and some of these back.
  const shareOf = async (follows: number, returned: number) => {
    const pairs: [number, number][] = Array.from({ length: follows - returned }, (_, index) => [
      index * 2 + 1,
      index * 2 + 2,
    ]);
    const back = pairs.slice(0, returned).map(([who, whom]): [number, number] => [whom, who]);
    // A returned follow also returns the other one, so the pairs count twice.
    const found = find('reciprocity', await compute({ ...EMPTY, follows: [...pairs, ...back] }));
    return found.rows[0];
  };
  expect(await shareOf(2110, 183)).toEqual([2110, 366, 0.173]);
  expect(await shareOf(800, 89)).toEqual([800, 178, 0.223]);
});

test('mentions and links in any script', async () => {
  const texts: [string, isLink: number, isMention: number][] = [
    ['@bob', 0, 1],
    ['(@bob)', 0, 1],
    ['\n@中', 0, 1],
    ['ä@bob', 0, 0],
    ['中@bob', 0, 0],
    ['.@bob', 0, 0],
    ['@ bob', 0, 0],
    ['HTTPS://EXAMPLE.COM', 1, 0],
    ['http://', 0, 0],
    ['http://\n', 1, 0],
  ];
  for (const [text, links, mentions] of texts) {
    const messages = [{ authorId: 1, text, pubDate: AS_OF_S }];
    const found = await compute({ ...EMPTY, users: [{ username: 'bob' }], messages });
    expect([text, find('links-and-mentions', found).rows]).toEqual([
      text,
      [['2026-11-01', 1, links, mentions, links, mentions]],
    ]);
  }
});

test('a message with a time after the copy counts on the day of the copy', async () => {
  const messages = [{ authorId: 1, pubDate: AS_OF_S + 40 * 86_400 }];
  const found = await compute({ ...EMPTY, users: [{ username: 'bob' }], messages });
  expect(find('posts', found).rows[0]).toEqual(['day', '2026-11-25', 1, 1, 1]);
  expect(find('totals', found).rows).toEqual([[1, 1, 0, 1, 1]]);
});

test('without users, the totals are 0, and the other statistics have no rows', async () => {
  const withoutUsers = await compute(EMPTY);
  expect(find('totals', withoutUsers).rows).toEqual([[0, 0, 0, 0, 0]]);
  expect(find('reciprocity', withoutUsers).rows).toEqual([[0, 0, null]]);
  const others = withoutUsers.filter(({ name }) => name !== 'totals' && name !== 'reciprocity');
  expect(others.map(({ rows }) => rows)).toEqual(others.map(() => []));
});
