import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { restrictToFiles } from '../../../src/warehouse/duckdb/restrict-to-files.ts';
import { checkOwnStatistics } from '../../../src/warehouse/statistics/check-own-statistics.ts';
import { readOwnStatistics } from '../../../src/warehouse/statistics/own-statistics.ts';
import { runOwnStatistics } from '../../../src/warehouse/statistics/run-own-statistics.ts';
import { computeStatistics, type Statistic } from '../../../src/warehouse/statistics/statistics.ts';
import { AS_OF_S, SAMPLE, withTables } from './sample.ts';

const TEXTS = '-- Longest messages\n-- The lengths of the longest messages of each user.\n';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-statistics-'));
  return () => rm(folder, { recursive: true });
});

async function writeFiles(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function readAndCheck(): Promise<void> {
  await checkOwnStatistics(folder, await readOwnStatistics(folder));
}

/** Computes a statistic with this query on the sample. */
async function runQuery(sql: string, durationMaxMs?: number): Promise<Statistic | undefined> {
  await writeFiles({ 'own.sql': TEXTS + sql });
  const own = await readOwnStatistics(folder);
  const [statistic] = await withTables(SAMPLE, async (duckdb) => {
    await computeStatistics(duckdb, { asOfS: AS_OF_S, hasBefore: true });
    await restrictToFiles(duckdb, []);
    return runOwnStatistics(duckdb, own, durationMaxMs === undefined ? {} : { durationMaxMs });
  });
  return statistic;
}

test('the files of a folder are statistics, in the order of their names', async () => {
  await writeFiles({
    'weekly-posts.sql': `${TEXTS}select 1 as one;`,
    // From an editor on Windows.
    'authors.sql': '\uFEFF-- Authors\r\n-- All authors.\r\nselect 2 as two',
    'notes.txt': 'no statistic',
  });
  const own = await readOwnStatistics(folder);
  expect(own.map(({ name, title, meaning }) => [name, title, meaning])).toEqual([
    ['authors', 'Authors', 'All authors.'],
    ['weekly-posts', 'Longest messages', 'The lengths of the longest messages of each user.'],
  ]);
  await checkOwnStatistics(folder, own);
});

test('all problems of the files are listed at once', async () => {
  await writeFiles({
    'Weekly posts.sql': `${TEXTS}select 1`,
    'retention.sql': `${TEXTS}select 1`,
    'untitled.sql': 'select 1',
    'one-line.sql': '-- Title\nselect 1',
    'large.sql': `${TEXTS}select 1 -- ${'x'.repeat(100_000)}`,
    'good.sql': `${TEXTS}select 1`,
  });
  const error = await readAndCheck().catch((each: unknown) => each);
  expect(String(error).split('\n')).toEqual([
    expect.stringContaining(`The statistics in ${folder} (WAREHOUSE_STATISTICS) are invalid:`),
    expect.stringMatching(/^ {2}Weekly posts\.sql needs a name of up to 60 lower-case letters/),
    '  large.sql is larger than 100 kB.',
    expect.stringMatching(/^ {2}one-line\.sql needs `-- ` and a title/),
    '  retention.sql has the name of a statistic of MiniTwit. Choose another name.',
    expect.stringMatching(/^ {2}untitled\.sql needs `-- ` and a title/),
  ]);
});

test('all invalid queries are listed before a run', async () => {
  await writeFiles({
    'changes.sql': `${TEXTS}drop view message`,
    'column.sql': `${TEXTS}select txt from message`,
    'empty.sql': TEXTS,
    'file.sql': `${TEXTS}select * from read_csv('/etc/passwd')`,
    'good.sql': `${TEXTS}select since, "user".username from person join "user" using (user_id), moment, before.follower`,
    'parameter.sql': `${TEXTS}select $1`,
    'table.sql': `${TEXTS}select * from messages`,
    'two.sql': `${TEXTS}select 1; select 2`,
  });
  const error = await readAndCheck().catch((each: unknown) => each);
  const problems = String(error)
    .split('\n')
    .filter((line) => /^ {2}[a-z]+\.sql/.test(line));
  expect(problems).toEqual([
    expect.stringMatching(/^ {2}changes\.sql: The warehouse is read only/),
    expect.stringMatching(/^ {2}column\.sql: .*"txt" not found/),
    expect.stringMatching(/^ {2}empty\.sql: Write a query/),
    expect.stringMatching(/^ {2}file\.sql: Permission Error/),
    '  parameter.sql: A statistic has no parameters.',
    expect.stringMatching(/^ {2}table\.sql: Catalog Error: Table with name messages/),
    '  two.sql: Write one query. This text has 2 statements.',
  ]);
});

test('a missing folder is reported', async () => {
  await expect(readOwnStatistics(join(folder, 'missing'))).rejects.toThrow(
    /^The folder .*missing \(WAREHOUSE_STATISTICS\) cannot be read: ENOENT/,
  );
});

test('a statistic reads the tables and the prepared tables', async () => {
  expect(
    await runQuery(
      `select username, person.posts, max(length(text)) as longest, person.since
       from person
       join "user" on "user".user_id = person.user_id
       join message on message.author_id = person.user_id
       group by all
       order by username limit 2;`,
    ),
  ).toEqual({
    name: 'own',
    title: 'Longest messages',
    meaning: 'The lengths of the longest messages of each user.',
    columns: ['username', 'posts', 'longest', 'since'],
    rows: [
      ['alice', 3, 20, '2026-10-06'],
      ['bob', 1, 24, '2026-11-10'],
    ],
  });
});

test('values of all types are numbers, texts or null', async () => {
  const { rows } = (await runQuery(
    `select 1.25 as a, 2::hugeint as b, 9007199254740993 as c, 'nan'::double as d, true as e, null as f, [1, 2] as g,
       timestamp '2026-11-25 12:00:00' as h, 'ä' as i, date '2026-11-25' as j, 0.1::float8 as k`,
  )) as Statistic;
  expect(rows).toEqual([
    [
      1.25,
      2,
      '9007199254740993',
      'NaN',
      'true',
      null,
      '[1, 2]',
      '2026-11-25 12:00:00',
      'ä',
      '2026-11-25',
      0.1,
    ],
  ]);
});

test.each([
  ['more than 10,000 rows', 'select * from range(10001)', /^It has more than 10,000 rows/],
  [
    'endless rows',
    'with recursive n (i) as (select 1 union all select i + 1 from n) select i from n',
    /^It (?:has more|took longer)|Out of Memory/,
  ],
  [
    'more than 100 columns',
    `select ${Array.from({ length: 101 }, (_, at) => `${at} as c${at}`).join()}`,
    /^It has 101 columns/,
  ],
  [
    'too much text',
    "select repeat('x', 1000000) from range(6)",
    /^It has more than 5,000,000 characters/,
  ],
  ['an error', 'select cast(username as int) from "user"', /Conversion Error/],
  ['a file outside', "select * from read_text('/etc/hostname')", /Permission Error/],
])('a statistic with %s fails, and has an error', async (_, sql, message) => {
  const statistic = await runQuery(sql, 3000);
  expect(statistic).toMatchObject({ name: 'own', columns: [], rows: [] });
  expect(statistic?.error).toMatch(message);
});

test('a statistic that takes too long is interrupted, and the next one is computed', async () => {
  await writeFiles({
    'endless.sql': `${TEXTS}select count(*) from range(1000000000) as a cross join range(1000000) as b where a.range % 7 = b.range % 11`,
    'next.sql': `${TEXTS}select count(*) as users from person`,
  });
  const own = await readOwnStatistics(folder);
  const statistics = await withTables(SAMPLE, async (duckdb) => {
    await computeStatistics(duckdb, { asOfS: AS_OF_S, hasBefore: true });
    return runOwnStatistics(duckdb, own, { durationMaxMs: 300 });
  });
  expect(statistics[0]).toMatchObject({ rows: [], error: 'It took longer than 0.3 seconds.' });
  expect(statistics[1]).toMatchObject({ rows: [[5]] });
});
