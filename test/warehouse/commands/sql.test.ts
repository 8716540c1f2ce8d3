import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { beforeAll, expect, test } from 'vitest';
import { readQuery, sql } from '../../../src/warehouse/commands/sql.ts';
import type { Format } from '../../../src/warehouse/query/format-result.ts';
import { writeRun } from '../query/write-run.ts';

let folder: string;
let parquet: string;

const fetch = async () => undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-sql-'));
  parquet = join(folder, "par'quet");
  await writeRun(parquet);
  return () => rm(folder, { recursive: true });
});

/** Runs a query, and returns what it writes. */
async function run(
  query: string,
  format: Format = 'table',
  {
    columns,
    signal = new AbortController().signal,
  }: { columns?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const output = Object.assign(new PassThrough(), { columns });
  let text = '';
  output.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await sql(query, format, { folder, parquet, fetch, output, signal });
  return text;
}

test('a query reads the newest run, and its result is a table', async () => {
  await writeRun(
    parquet,
    { user: `select 7::bigint as user_id, 'carol' as username, null::bigint as registered_at` },
    '20261124T001500Z-0a1c',
  );
  expect(await run('select * from user')).toBe(
    'user_id  username  registered_at\n7        carol     NULL\n1 row.\n',
  );
});

test('a query reads the tables of the statistics', async () => {
  const people = await run(
    'select count(*) = (from user select count(*)) as ok from person',
    'csv',
  );
  expect(people).toBe('ok\r\ntrue\r\n');
  const moment = await run('select as_of_day from moment m', 'csv');
  expect(moment).toBe('as_of_day\r\n2026-11-23\r\n');
});

const VALUES = `select 9223372036854775807 as big, 12345678901234567890.25::decimal(38, 2) as dec, 0.1 + 0.2::double as dbl,
  date '2026-11-23' as day, timestamp '2026-11-23 00:15:00' as at, null as nothing, '' as empty,
  ['a', null] as list, {'x': 1, 'y': 'é"'} as obj, map {'k': 2} as pairs, true as flag,
  'nan'::double as nan, 'a,"b"' || chr(10) || 'c' as text`;

test('JSON has all digits of numbers, and null, lists and objects', async () => {
  const printed = await run(VALUES, 'json');
  expect(printed).toContain('"big": 9223372036854775807, "dec": 12345678901234567890.25, ');
  expect(JSON.parse(printed)).toMatchObject([
    {
      dbl: 0.30000000000000004,
      day: '2026-11-23',
      at: '2026-11-23 00:15:00',
      nothing: null,
      empty: '',
      list: ['a', null],
      obj: { x: 1, y: 'é"' },
      pairs: [{ key: 'k', value: 2 }],
      flag: true,
      nan: 'NaN',
      text: 'a,"b"\nc',
    },
  ]);
});

test('CSV quotes texts, and distinguishes null from an empty text', async () => {
  expect(await run(VALUES, 'csv')).toBe(
    'big,dec,dbl,day,at,nothing,empty,list,obj,pairs,flag,nan,text\r\n' +
      '9223372036854775807,12345678901234567890.25,0.30000000000000004,2026-11-23,2026-11-23 00:15:00,,"",' +
      '"[""a"", null]","{""x"": 1, ""y"": ""é\\""""}","[{""key"": ""k"", ""value"": 2}]",true,NaN,"a,""b""\nc"\r\n',
  );
});

test.each([
  ['json', '[]\n'],
  ['csv', 'user_id,username\r\n'],
  ['table', 'user_id  username\n0 rows.\n'],
] as const)('the %s of a result without rows is complete', async (format, expected) => {
  expect(await run('select user_id, username from user where false', format)).toBe(expected);
});

test('JSON and CSV have all rows, and columns with the same name are distinguished', async () => {
  const rows = JSON.parse(await run('select range, range from range(10000)', 'json')) as object[];
  expect(rows).toHaveLength(10_000);
  expect(rows.at(-1)).toEqual({ range: 9999, 'range:1': 9999 });
  expect((await run('from range(10000)', 'csv')).split('\r\n')).toHaveLength(10_002);
});

test('a table has the first 1,000 rows, and no line is wider than the terminal', async () => {
  const query = `select range as id, repeat('x', 300) as text, 'short' as other from range(5000)`;
  const lines = (await run(query, 'table', { columns: 60 })).split('\n');
  expect(lines).toHaveLength(1003);
  expect(lines[1]).toBe(`0    ${'x'.repeat(47)}…  short`);
  expect(lines[1001]).toBe(
    'The first 1,000 rows. For all rows and whole values, add --csv or --json.',
  );
});

test('a table and an error have no characters that control the terminal', async () => {
  const text = `'\u001B[2J' || chr(155) || chr(10)`;
  expect(await run(`select ${text} as "a\u001B]0;b"`)).toBe(
    'a\\u001b]0;b\n\\u001b[2J?\\n\n1 row.\n',
  );
  await expect(run(`select (${text})::int`)).rejects.toThrow(/^[^\p{Cc}]*(\n[^\p{Cc}]*)*$/u);
});

test.each([
  [
    'selct 1',
    /^The query is not valid SQL: syntax error at or near "selct"\nLINE 1: selct 1\n {8}\^$/,
  ],
  [
    'select foo from user',
    /^The query failed: Referenced column "foo" not found[^]*Candidate bindings: [^]*\n {15}\^$/,
  ],
  ['from users', /^The query failed: Table with name users does not exist!\nDid you mean "user"\?/],
  [
    'from persons',
    /^The query failed: Table with name persons .*\nThe tables are user, message and follower, and those of the statistics: person,/,
  ],
  [`from '/etc/passwd'`, /^The query failed: Table with name|^The query may only read the tables/],
  [
    `from read_text('/etc/passwd')`,
    /^The query may only read the tables of the warehouse: user, message and follower\./,
  ],
  ['delete from user', /^The warehouse is read only/],
  ['insert into follower values (1, 2)', /^The warehouse is read only/],
  [`update user set username = ''`, /^The warehouse is read only/],
  ['', /^Write a query\. This text has no statement\.$/],
])('an invalid query fails with one message: %j', async (query, message) => {
  await expect(run(query)).rejects.toThrow(message);
});

test('a signal interrupts a query', async () => {
  const stop = new AbortController();
  const running = run('select count(*) from range(100000000000) t(i) where hash(i) = 3', 'table', {
    signal: stop.signal,
  });
  stop.abort(new Error('Stopped.'));
  await expect(running).rejects.toThrow('Stopped.');
});

test('a sort that needs too much memory with two threads runs with one', async () => {
  const rows = `select md5(range::varchar) || md5((range + 1)::varchar) as text from range(2000000)`;
  expect(await run(`select text from (${rows}) order by text limit 1 offset 1900000`)).toMatch(
    /1 row/,
  );
});

test('a query before the first run fails with the command that fills the warehouse', async () => {
  const { signal } = new AbortController();
  const context = {
    folder,
    parquet: join(folder, 'none'),
    fetch,
    output: new PassThrough(),
    signal,
  };
  await expect(sql('select 1', 'table', context)).rejects.toThrow(
    /^The warehouse has no data yet\. Fill it with: npm run warehouse -- run --local/,
  );
});

test.each([
  ['select 1', 'ignored', 'select 1'],
  [undefined, 'select\n2', 'select\n2'],
  ['-', 'select 3', 'select 3'],
])('the query is the argument, or the input: %j, %j', async (argument, input, query) => {
  expect(await readQuery(argument, Readable.from([input]))).toBe(query);
});

test('a missing query on a terminal, and an endless one, are refused', async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  await expect(readQuery(undefined, terminal)).rejects.toThrow(
    /^Write the query as one argument: /,
  );
  const endless = Readable.from(
    (function* () {
      for (;;) yield 'select 1;\n'.repeat(1000);
    })(),
  );
  await expect(readQuery('-', endless)).rejects.toThrow(/more than 1,000,000 characters/);
});
