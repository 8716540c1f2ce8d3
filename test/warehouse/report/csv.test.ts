import { expect, test } from 'vitest';
import { formatCsv } from '../../../src/warehouse/report/csv.ts';
import { statisticOf } from './sample-report.ts';

function csvOf(...names: string[]): string {
  const rows = names.map((name) => [name]);
  return formatCsv(statisticOf('authors', ['username'], rows)).replace('\uFEFFusername\r\n', '');
}

test('formats a line of columns and a line for each row, with the line ends of RFC 4180', () => {
  const rows = [
    ['week', '2026-11-23', 12, 0.125],
    ['week', '2026-11-30', -3, null],
  ];
  expect(formatCsv(statisticOf('any', ['period', 'starts_on', 'users', 'share'], rows))).toBe(
    '\uFEFFperiod,starts_on,users,share\r\nweek,2026-11-23,12,0.125\r\nweek,2026-11-30,-3,\r\n',
  );
});

test('commas, quotes and ends of lines are inside quotes', () => {
  expect(csvOf('Histand, Roger')).toBe('"Histand, Roger"\r\n');
  expect(csvOf('"Bob"')).toBe('"""Bob"""\r\n');
  expect(csvOf('two\nlines', 'Ægir, 李娜')).toBe('"two\nlines"\r\n"Ægir, 李娜"\r\n');
});

test('a name that a spreadsheet would take for a formula has an apostrophe before it', () => {
  expect(csvOf('=1+1', '+1', '-1', '@sum(a1)', 'a=1')).toBe(
    "'=1+1\r\n'+1\r\n'-1\r\n'@sum(a1)\r\na=1\r\n",
  );
  expect(csvOf('=hyperlink("http://example.com","x")')).toBe(
    `"'=hyperlink(""http://example.com"",""x"")"\r\n`,
  );
});

test('a formula in full-width signs or after a separator of Excel has an apostrophe before it', () => {
  expect(csvOf('＝1+1', '＠sum(a1)')).toBe("'＝1+1\r\n'＠sum(a1)\r\n");
  expect(csvOf('a;=1+1', 'b;c', 'd\n=1+1')).toBe(`"a;'=1+1"\r\n"b;c"\r\n"d\n'=1+1"\r\n`);
  expect(csvOf('\t=1+1')).toBe(`"'\t=1+1"\r\n`);
});

test('begins with a byte order mark, so that Excel reads it as UTF-8', () => {
  const csv = Buffer.from(formatCsv(statisticOf('authors', ['username'], [['Ægir']])));
  expect(csv.subarray(0, 3).toString('hex')).toBe('efbbbf');
  expect(csv.subarray(3).toString('utf8')).toBe('username\r\nÆgir\r\n');
});

test('without rows, the columns remain', () => {
  expect(formatCsv(statisticOf('none', ['a', 'b'], []))).toBe('\uFEFFa,b\r\n');
});
