import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { splitStatements } from '../../src/database/split-statements.ts';

test.each<[what: string, sql: string, statements: string[]]>([
  ['one statement', 'select 1', ['select 1']],
  ['semicolons', 'select 1; select 2 ;', ['select 1', 'select 2']],
  ['empty statements', ';;\n ; select 1;;', ['select 1']],
  ['an empty file', ' \n', []],
  ['a single-quoted string', `select 'a;b'; select 2`, [`select 'a;b'`, 'select 2']],
  ['a double-quoted string', 'select "a;b"; select 2', ['select "a;b"', 'select 2']],
  ['a quoted name', 'select `a;b`; select 2', ['select `a;b`', 'select 2']],
  ['a doubled quote', `select 'it''s;'; select 2`, [`select 'it''s;'`, 'select 2']],
  ['a doubled double quote', 'select "a"";b"; select 2', ['select "a"";b"', 'select 2']],
  ['a doubled backtick', 'select `a``;b`; select 2', ['select `a``;b`', 'select 2']],
  ['an escaped quote', `select 'a\\';b'; select 2`, [`select 'a\\';b'`, 'select 2']],
  ['an escaped backslash', `select 'a\\\\'; select 2`, [`select 'a\\\\'`, 'select 2']],
  ['a backslash in a name', 'select `a\\`; select 2', ['select `a\\`', 'select 2']],
  ['one quote inside another', `select "'"; select '"'`, [`select "'"`, `select '"'`]],
  ['a dashed comment', 'select 1 -- a; b\n; select 2', ['select 1', 'select 2']],
  ['a dashed comment at the end', 'select 1; -- a;', ['select 1']],
  ['two minus signs without a space', 'select 1--1; select 2', ['select 1--1', 'select 2']],
  ['a hash comment', 'select 1 # a; b\n; select 2', ['select 1', 'select 2']],
  ['a C comment', 'select /* a; b\n ; */ 1; select 2', ['select   1', 'select 2']],
  ['a comment between two words', 'select/**/1', ['select 1']],
  [
    'a comment that MySQL runs',
    'select 1 /*!80000 ; */; select 2',
    ['select 1 /*!80000 ; */', 'select 2'],
  ],
  ['a hint', 'select /*+ no_index(a) */ 1', ['select /*+ no_index(a) */ 1']],
  [
    'a quote in a comment',
    `select 1; -- it's\nselect 2; /* it's */ select 3`,
    ['select 1', 'select 2', 'select 3'],
  ],
  [
    'a comment in a string',
    `select '-- ;', '# ;', '/* ;'; select 2`,
    [`select '-- ;', '# ;', '/* ;'`, 'select 2'],
  ],
  ['an unterminated string', `select 'a; select 2`, [`select 'a; select 2`]],
  ['an unterminated comment', 'select 1; /* a; select 2', ['select 1']],
])('splits %s', (_what, sql, statements) => {
  expect(splitStatements(sql)).toEqual(statements);
});

test('the statements of schema.sql drop all tables, then create them in the order of their foreign keys', async () => {
  const statements = splitStatements(await readFile('schema.sql', 'utf8'));
  expect(statements.map((statement) => statement.split(/[(\n]/, 1)[0]?.trim())).toEqual([
    'drop table if exists passkey, recovery_code, totp, reset_request, link, mail, audit, report, mute, block,',
    'create table user',
    'create table message',
    'create table follower',
    'create table profile',
    'create table session',
    'create table rate_limit',
    'create table hidden_author',
    'create table taken_name',
    'create table rename_count',
    'insert ignore into rename_count',
    'create table block',
    'create table mute',
    'create table report',
    'create table audit',
    'create table mail',
    'create table link',
    'create table reset_request',
    'create table totp',
    'create table recovery_code',
    'create table passkey',
    'insert into profile',
  ]);
});
