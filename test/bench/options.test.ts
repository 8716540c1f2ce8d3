import { expect, test } from 'vitest';
import { readOptions } from '../../bench/options.ts';

const listPages = (...parameters: string[]) =>
  readOptions(parameters).pages.map(({ name }) => name);

test('a full run measures every page, and writes to bench/', () => {
  const { pages, folder, reportName } = readOptions(['--large']);
  expect(pages.length).toBe(13);
  expect({ folder, reportName }).toEqual({ folder: 'bench', reportName: null });
});

test('--page measures the page with this name only, and does not write to bench/', () => {
  expect(listPages('--page', "a user's page")).toEqual(['A user’s page']);
  expect(readOptions(['--page', 'Posting'])).toMatchObject({
    folder: '.data/bench',
    databases: ['mariadb'],
    sizes: ['M'],
    soakMinutes: 0,
  });
});

test('--page measures all pages whose names contain a text, each once', () => {
  expect(listPages('--page', 'older', '--page', 'My')).toEqual([
    'My timeline',
    'Public timeline, older',
    'A user’s page, older',
    'My timeline, older',
  ]);
});

test('--page refuses a text that no name contains', () => {
  expect(() => readOptions(['--page', 'search'])).toThrow('--page must be in one of: Public timel');
});

test('--report names the report of a full run', () => {
  expect(readOptions(['--large', '--report', 'epyc-2']).reportName).toBe('epyc-2');
  expect(() => readOptions(['--quick', '--report', 'epyc-2'])).toThrow(
    '--report is for a full run',
  );
  expect(() => readOptions(['--report', '../results'])).toThrow('--report must have lower-case');
});
