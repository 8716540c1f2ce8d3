import { globSync, readFileSync } from 'node:fs';
import { TrinoSQL } from 'dt-sql-parser';
import { describe, expect, test } from 'vitest';

const FILES = globSync('src/warehouse/statistics/**/*.sql').toSorted();
const trino = new TrinoSQL();

// Functions that DuckDB and Trino have with the same name, arguments and result.
const FUNCTIONS = new Set(
  `ceil coalesce count date_diff date_trunc floor greatest lag lead least length lower max min min_by nullif power
  regexp_extract round row_number sum to_base`.split(/\s+/),
);

// Words that stand before a parenthesis without being functions.
const KEYWORDS = new Set(
  'as by cast filter from in join on over select then values when'.split(' '),
);

/** Returns the syntax errors of Trino's grammar, as text. */
function findErrors(sql: string): string[] {
  return trino.validate(sql).map(({ startLine, message }) => `line ${startLine}: ${message}`);
}

/** Returns the functions that a query calls and that only one of the two may know. */
function findOtherFunctions(sql: string): string[] {
  // `digit (n)` names a table and its column.
  const code = sql.replaceAll(/--.*|'[^']*'|\w+ \(n\)/g, ' ');
  const names = Array.from(code.matchAll(/\b([a-z_]\w*)\s*\(/g), ([, name = '']) => name);
  return names.filter((name) => !KEYWORDS.has(name) && !FUNCTIONS.has(name));
}

describe('Trino and Athena can run a statistic:', () => {
  test.each(FILES)('%s', (file) => {
    const sql = readFileSync(file, 'utf8');
    expect(findErrors(sql)).toEqual([]);
    expect(findOtherFunctions(sql)).toEqual([]);
  });
});

// As docs/warehouse.md describes.
test('Trino can run the statistics with the tables that they share', () => {
  const shared = ['active-day', 'person', 'calendar'].map((name) => {
    const sql = readFileSync(`src/warehouse/statistics/prepared/${name}.sql`, 'utf8');
    return `${name.replace('-', '_')} as (${sql.replace(/;\s*$/, '')})`;
  });
  const moment = "moment as (select 1795608000 as as_of_s, date '2026-11-25' as as_of_day)";
  const before = `with ${[moment, ...shared].join(', ')}`;
  const statistics = FILES.filter((file) => !file.includes('/prepared/'));
  for (const file of statistics) {
    const sql = readFileSync(file, 'utf8');
    const query = /^with /m.test(sql) ? sql.replace(/^with /m, ', ') : `\n${sql}`;
    expect(findErrors(before + query), file).toEqual([]);
  }
});

test.each([
  'select a // b from message',
  'select a::bigint from message',
  'select * exclude (text) from message',
  'select text from message qualify row_number() over () = 1',
  'select author_id, count(*) from message group by all',
  'from message',
  'select [1, 2]',
  'select a, from message',
  'select $asOfS',
])('the parser refuses syntax that only DuckDB has: %s', (sql) => {
  expect(findErrors(sql)).not.toEqual([]);
});

test('the test finds functions that only DuckDB has', () => {
  expect(findOtherFunctions("select regexp_matches(text, 'a(b)'), count(*) from message")).toEqual([
    'regexp_matches',
  ]);
});
