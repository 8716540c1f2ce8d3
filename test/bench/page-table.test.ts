import { expect, test } from 'vitest';
import type { BesideHello, Round } from '../../bench/comparison.ts';
import { formatPages } from '../../bench/page-table.ts';
import { PAGES } from '../../bench/pages.ts';
import type { LoadResult } from '../../bench/wrk.ts';

const load = (requestsPerS: number): LoadResult => ({
  requestsPerS,
  requests: requestsPerS,
  bytes: 0,
  p50Ms: 1,
  p99Ms: 2,
});
const beside = (before: number, perS: number, after: number): BesideHello => ({
  result: load(perS),
  hellos: [load(before), load(after)],
});

function formatPage(name: string, rounds: Round[]): { section: string; cells: string[] } {
  const pages = PAGES.filter((page) => page.name === name).map((page) => ({
    page,
    rounds,
    cold: load(700),
  }));
  const rest = { queries: [], loginLoads: [], memory: null, profiles: null };
  const section = formatPages({
    kind: 'mariadb',
    version: '10.11.19-MariaDB',
    sizes: [{ size: 'M', pages, ...rest }],
  });
  const row = section.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? '';
  const cells = row.split('|').map((cell) => cell.trim());
  return { section, cells: cells.slice(1, -1) };
}

test('a page’s share is that of the mean of hello before and after it', () => {
  const rounds = [{ ours: beside(800, 900, 1000), nodeAlone: null, original: null }];
  const { cells } = formatPage('A user’s page, cached, not compressed', rounds);
  expect(cells[4]).toBe('1.000');
  expect(cells.slice(-2)).toEqual(['1', 'met']);
  const slower = [{ ours: beside(800, 890, 1000), nodeAlone: null, original: null }];
  expect(formatPage('A user’s page, cached, not compressed', slower).cells.at(-1)).toBe(
    '**missed**',
  );
});

test('a page misses its target if the original ran and was too fast', () => {
  const ours = beside(1000, 1000, 1000);
  const verdict = (original: LoadResult | null) =>
    formatPage('Public timeline', [{ ours, nodeAlone: null, original }]).cells.at(-1);
  expect(verdict(load(1))).toBe('met');
  expect(verdict(load(2))).toBe('**missed**');
  expect(verdict(load(0))).toBe('**missed**');
  expect(verdict(null)).toBe('met');
});

test('the table shows Node alone as a share of the hellos around it', () => {
  const rounds = [
    { ours: beside(1000, 900, 1000), nodeAlone: beside(1000, 1800, 2000), original: null },
  ];
  expect(formatPage('My timeline', rounds).cells[5]).toBe('1.200');
});

test('the section has the spread of hello, and the difference around a measurement', () => {
  const shared = load(900);
  const ours: BesideHello = { result: load(900), hellos: [load(1100), shared] };
  const nodeAlone: BesideHello = { result: load(900), hellos: [shared, load(1300)] };
  const { section } = formatPage('A user’s page', [{ ours, nodeAlone, original: null }]);
  expect(section.replaceAll('\n', ' ')).toContain(
    'Express answered 900 to 1,300 requests for hello a second, with a median of 1,100.',
  );
  // 200 of 1000, and 400 of 1100.
  expect(section).toContain('differ by 28.2 % in');
  expect(section).toContain('with an empty cache: 700 for “A user’s page”.');
});
