import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/**
 * Features that a distributed database with the protocol of MySQL lacks, each with a pattern and a statement that has it.
 * Most are the unsupported features of TiDB, from https://docs.pingcap.com/tidb/stable/mysql-compatibility. The last ones
 * exist in TiDB, but depend on a single server or on the order of evaluation.
 */
const FEATURES: [name: string, pattern: RegExp, example: string][] = [
  ['json_table', /\bjson_table ?\(/, "select 1 from json_table('[]', '$[*]' columns (a int))"],
  ['lateral', /\blateral ?\(/, 'select 1 from a, lateral (select a.b) as c'],
  ['returning', /\breturning\b/, 'insert into a (b) values (1) returning b'],
  ['skip locked', /\bskip locked\b/, 'select 1 from a for update skip locked'],
  [
    'a shared lock',
    /\bin share mode\b|\bfor share\b/,
    'select 1 from a where b = 1 lock in share mode',
  ],
  ['fulltext', /\bfulltext\b|\bagainst ?\(/, "select 1 from a where match (b) against ('c')"],
  ['spatial', /\bspatial\b|\bst_\w+ ?\(|\bgeometry\b/, 'select st_distance(a, b) from c'],
  ['a procedure', /\bprocedure\b|\bcall \w/, 'call a()'],
  ['a function', /\bcreate (?:\w+ )*function\b/, 'create function a() returns int return 1'],
  ['a trigger', /\btrigger\b/, 'create trigger a before insert on b for each row set c = 1'],
  ['an event', /\bcreate event\b/, 'create event a on schedule every 1 day do delete from b'],
  ['XA', /\bxa (?:start|begin|end|prepare|commit|rollback|recover)\b/, "xa start 'a'"],
  ['XML', /\b(?:extractvalue|updatexml) ?\(/, "select extractvalue('<a/>', '/a')"],
  [
    'a table from a select',
    /\bcreate table [^;(]*(?:\([^;]*\) ?)?(?:as )?select\b/,
    'create table a as select 1',
  ],
  [
    'check, checksum, repair or optimize table',
    /\b(?:check|checksum|repair|optimize) table\b/,
    'checksum table a',
  ],
  ['handler', /\bhandler \w+ (?:open|read|close)\b/, 'handler a open'],
  [
    'a descending index',
    /\b(?:key|index)(?: \w+)?(?: on \w+)? \([^)]*\bdesc\b/,
    'create index a on b (c desc)',
  ],
  ['select into', /\binto (?:outfile|dumpfile|@)/, 'select 1 into @a'],
  [
    'another character set',
    /\bcharacter set (?!utf8mb4\b|ascii\b|latin1\b|binary\b|= )/,
    'create table a (b text character set ucs2)',
  ],
  ['a variable', /(?<!@)@[a-z_]|:=/, 'select @a := 1'],
  [
    'a lock of one server',
    /\b(?:get_lock|release_lock|is_free_lock|is_used_lock|lock tables?)\b/,
    "select get_lock('a', 1)",
  ],
  ['ids that are counted', /\blast_insert_id\b|\bauto_increment_/, 'select last_insert_id() + 1'],
];

/** The features that a file may use. */
const ALLOWED: Record<string, string[]> = {
  // TiDB has the function, and its lock is that of the whole cluster. Only the programs of operators call it.
  'src/database/named-lock.ts': ['a lock of one server'],
  // TiDB upgrades a shared lock to an exclusive one, if tidb_enable_shared_lock_promotion is on.
  'src/repositories/sessions.ts': ['a shared lock'],
  'src/repositories/unseen-authors.ts': ['a shared lock'],
};

const STATEMENT = /^\s*(?:with|select|insert|update|delete|create|alter|drop|set|call|lock)\b/i;

/** Returns the string literals of a TypeScript file that begin like a statement or are the value of `raw`. */
function readStatements(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\*\*[\s\S]*?\*\/|\/\/.*)$/gm, '');
  const literals = Array.from(code.matchAll(/(raw\()?(`[^`]*`|'[^'\n]*'|"[^"\n]*")/g));
  return literals
    .map(([, raw, literal = '']) => ({ raw, sql: literal.slice(1, -1) }))
    .filter(({ raw, sql }) => raw !== undefined || STATEMENT.test(sql))
    .map(({ sql }) => sql);
}

function findFeatures(sql: string): string[] {
  const line = sql
    .replaceAll(/^ *--.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .toLowerCase();
  return FEATURES.filter(([, pattern]) => pattern.test(line)).map(([name]) => name);
}

const files = [
  ...globSync(['src/repositories/*.ts', 'src/database/*.ts']).map((path) => ({
    path,
    statements: readStatements(readFileSync(path, 'utf8')),
  })),
  ...['schema.sql', ...globSync('migrations/*.sql')].map((path) => ({
    path,
    statements: readFileSync(path, 'utf8').split(/;\s*$/m),
  })),
];

test('the test finds the statements', () => {
  const numbers = files.map(({ path, statements }) => [path, statements.length] as const);
  expect(numbers.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(200);
  const withoutSql = numbers.filter(([, count]) => count === 0).map(([path]) => path);
  expect(withoutSql).not.toContain('src/repositories/profile-updates.ts');
  expect(withoutSql).not.toContain('src/database/named-lock.ts');
});

test.each(FEATURES)('the test finds %s', (name, _pattern, example) => {
  expect(findFeatures(example)).toContain(name);
});

test.each(files)('$path has only statements that TiDB supports', ({ path, statements }) => {
  const found = new Set(statements.flatMap(findFeatures));
  expect([...found].toSorted()).toEqual((ALLOWED[path] ?? []).toSorted());
});
