import { expect, test } from 'vitest';
import { alignColumns } from '../../src/cli/table.ts';

test('each column is as wide as its widest cell, also in a table with short rows', () => {
  expect(alignColumns([['id', 'name'], ['100'], ['2', 'joe', 'x']])).toEqual([
    'id   name',
    '100',
    '2    joe   x',
  ]);
});

test('aligns more rows than a function may have arguments', () => {
  const rows = Array.from({ length: 200_000 }, () => ['1', '2']);
  expect(new Set(alignColumns(rows))).toEqual(new Set(['1  2']));
});
