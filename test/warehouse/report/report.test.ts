import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { renderHtml } from '../../../src/warehouse/report/html.ts';
import { parseReport } from '../../../src/warehouse/report/report.ts';
import { writeReport } from '../../../src/warehouse/report/write.ts';
import type { Value } from '../../../src/warehouse/statistics/statistics.ts';
import { reportOf, statisticOf, statisticsOfWeeks } from './sample-report.ts';

const NASTY = `<script>alert("x")</script>{{ 7 * 7 }}'&`;
const before = { run: 'first', asOf: '2026-11-16T00:15:00.000Z', totals: { people: 1200 } };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-report-'));
  return () => rm(folder, { recursive: true });
});

function authors(...rows: Value[][]) {
  const columns = ['username', 'followers_before', 'followers', 'gained'];
  return statisticOf('rising-authors', columns, rows);
}

test('a report is a page, its JSON, and the CSV of each statistic, which only the operator can read', async () => {
  const report = reportOf([authors(['alice', 1, 3, 2]), ...statisticsOfWeeks(53)], before);
  const written = join(folder, 'runs', 'second');
  const path = await writeReport(written, report);
  expect(path).toBe(join(written, 'report.html'));
  const names = await readdir(written);
  expect(names.toSorted()).toEqual([
    'active-users.csv',
    'history.html',
    'hours.csv',
    'new-users.csv',
    'posts.csv',
    'report.html',
    'retention.csv',
    'rising-authors.csv',
    'stats.json',
  ]);
  for (const name of names) expect((await stat(join(written, name))).mode & 0o777).toBe(0o600);
  const json = await readFile(join(written, 'stats.json'), 'utf8');
  expect(parseReport(json)).toEqual(report);
});

test('parseReport returns null for other texts', () => {
  expect(parseReport('')).toBeNull();
  expect(parseReport('{}')).toBeNull();
  expect(parseReport(JSON.stringify({ ...reportOf([]), asOf: 'yesterday' }))).toBeNull();
});

test('a page of a year needs nothing else, and stays small', () => {
  const html = renderHtml(
    reportOf([authors(['alice', 1, 3, 2]), ...statisticsOfWeeks(53)], before),
  );
  expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(\s*['"]?(?!#)/);
  expect(html).not.toMatch(/https?:|(?:src|srcset|action)=/);
  expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  expect(html.match(/<svg/g)).toHaveLength(3 + 2 + 1 + 1 + 3 + 3);
  expect(html.length).toBeLessThan(400_000);
});

test('colours are the style sheet’s alone, which knows light and dark', () => {
  const html = renderHtml(reportOf(statisticsOfWeeks(53)));
  const charts = Array.from(html.matchAll(/<svg[^]*?<\/svg>/g), ([svg]) => svg).join('');
  const colours = new Set(Array.from(charts.matchAll(/(?:fill|stroke)="([^"]*)"/g), ([, c]) => c));
  expect(colours).toEqual(
    new Set([
      '#000', // of what cuts off the rest, and is not seen
      'none',
      'var(--grid-line)',
      'var(--quiet)',
      'var(--series-1)',
      'var(--series-2)',
      'var(--series-3)',
    ]),
  );
});

test('a week whose people have all left is shown as any other', () => {
  const columns = ['came_in', 'weeks_later', 'users', 'active_users', 'share'];
  const weeks = [
    ['2026-11-02', 0, 8, 4, 0.5],
    ['2026-11-02', 1, 8, 2, 0.25],
    ['2026-11-09', 0, 9, 3, 0.333],
    ['2026-11-09', 1, 9, 0, 0],
  ];
  const html = renderHtml(reportOf([statisticOf('retention', columns, weeks)]));
  // The weeks whose following weeks are complete.
  const rows = Array.from(html.matchAll(/<tr><th scope="row">(2026-\S+)<\/th>/g), ([, day]) => day);
  expect(rows).toEqual(['2026-11-02', '2026-11-09']);
});

test('a figure that the previous run lacks has no growth', () => {
  const totals = statisticOf('totals', ['people', 'messages'], [[1500, 40]]);
  const html = renderHtml(reportOf([totals], before));
  expect(html).toContain('<strong>+300</strong>');
  expect(html.match(/since 16 Nov/g)).toHaveLength(1);
});

test('a username is rendered as text, whatever it contains', () => {
  const html = renderHtml(reportOf([authors([NASTY, 0, 1, 1])]));
  expect(html).not.toContain('<script');
  expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;{{ 7 * 7 }}&#39;&amp;');
});

test('key figures are compared with the run before, when there was one', () => {
  const totals = statisticOf('totals', ['people'], [[1234]]);
  expect(renderHtml(reportOf([totals], before))).toMatch(
    /1,234<[^]*\+34<\/strong> <span>\(\+2\.8\u00a0%\)<\/span> <span>since 16 Nov/,
  );
  expect(renderHtml(reportOf([totals]))).not.toContain('since 16 Nov');
});

test('the report of an empty database shows that there are no data yet', () => {
  const html = renderHtml(reportOf([]));
  expect(html).not.toContain('<svg');
  expect(html.match(/Nothing yet\./g)).toHaveLength(13);
});

test('a page of the first day shows that day', () => {
  const html = renderHtml(
    reportOf([
      statisticOf(
        'active-users',
        ['day', 'daily', 'weekly', 'monthly', 'daily_share', 'weekly_share'],
        [['2026-11-23', 1, 1, 1, 1, 1]],
      ),
      statisticOf('lengths', ['at_least', 'posts'], [[40, 1]]),
    ]),
  );
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
  expect(html).toContain('<th scope="row">2026-11-23</th><td>1</td><td>1</td><td>1</td>');
  expect(html).toContain('<th scope="row">0–19</th><td>0</td>');
  expect(html).toContain('<th scope="row">40–59</th><td>1</td>');
});

test('shows the run and the copied rows', () => {
  const report = reportOf([], before);
  const html = renderHtml(report);
  expect(html).toContain('Run <code>second</code>, after <code>first</code>');
  const cells = '<th scope="row">user</th><td>1,234</td><td>67</td><td>8</td><td>unknown</td>';
  expect(html).toContain(cells);
  expect(html).toContain('2026-11-23 @ 00:15 UTC');
});

const AS_OF_S = Date.parse('2026-11-23T00:15:00.000Z') / 1000;

/** Renders the report of a table with parts that were verified some days before the run. */
function renderParts(...daysBefore: number[]): string {
  const parts = daysBefore.map((days, part) => ({
    part,
    rows: 10,
    checksum: '1',
    provedAtS: AS_OF_S - days * 86_400,
  }));
  const table = { table: 'message', rows: parts.length * 10, checksum: '1', sent: 3, deleted: 0 };
  return renderHtml({ ...reportOf([]), tables: [{ ...table, parts }] });
}

test('the report shows how many parts this run verified, and when the others were', () => {
  const verified = renderParts(0, 0);
  expect(verified).toContain('<td>3</td><td>0</td><td>all</td>');
  expect(verified).not.toContain('oldest verification');
  const html = renderParts(0, 0, 7, 14, 14, 0);
  expect(html).toContain('<td>3 of 6 parts</td>');
  expect(html).toContain('The oldest verification of a part is from 2026-11-09 @ 00:15 UTC.');
  const rows = html.match(/<tr><th scope="row">message<\/th>.*<\/tr>/g)?.slice(1);
  expect(
    rows?.map((row) =>
      row
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/ +/g, ' ')
        .trim(),
    ),
  ).toEqual([
    'message 0 to 1 20 in this run',
    'message 2 10 2026-11-16 @ 00:15 UTC',
    'message 3 to 4 20 2026-11-09 @ 00:15 UTC',
    'message 5 10 in this run',
  ]);
  expect(renderParts()).toContain('<td>no rows</td>');
});

test('a table of parts is bounded, and its last row is as old as its oldest part', () => {
  const html = renderParts(...Array.from({ length: 300 }, (_, part) => part));
  expect(html).toContain('<td>199 to 299</td><td>1,010</td><td>2026-01-28 @ 00:15 UTC</td>');
});

test('a month has its growth, and the incomplete last one has none', () => {
  const rows = [
    ['2026-08-01', 0],
    ['2026-09-01', 40],
    ['2026-10-01', 50],
    ['2026-11-01', 10],
  ].map((row) => ['month', ...row]);
  const statistic = statisticOf('new-users', ['period', 'starts_on', 'new_users'], rows);
  const html = renderHtml(reportOf([statistic]));
  const cells = Array.from(
    html.matchAll(/<th scope="row">2026-.*?<\/th>(.*?)<\/tr>/g),
    ([, c]) => c,
  );
  expect(cells).toEqual([
    '<td>0</td><td>–</td>',
    '<td>40</td><td>–</td>',
    '<td>50</td><td>+25.0\u00a0%</td>',
    '<td>10</td><td>–</td>',
  ]);
});

test('the axis of retention has years', () => {
  const columns = ['came_in', 'weeks_later', 'users', 'active_users', 'share'];
  const weeks = [
    ['2025-12-29', 0, 8, 4, 0.5],
    ['2025-12-29', 1, 8, 2, 0.25],
    ['2026-01-05', 0, 9, 3, 0.333],
    ['2026-01-05', 1, 9, 0, 0],
  ];
  const html = renderHtml(reportOf([statisticOf('retention', columns, weeks)]));
  for (const label of ['29 Dec 2025', '5 Jan 2026']) expect(html).toContain(`>${label}</text>`);
});

test('an own statistic is a table of its first rows, and a failed one shows its error', () => {
  const rows = Array.from({ length: 101 }, (_, index) => [`<b>${index}</b>`, index * 1000, null]);
  const failed = { ...statisticOf('broken', [], []), error: 'There is no table "nothing".' };
  const html = renderHtml(
    reportOf([statisticOf('countries', ['land', 'users', 'x'], rows), failed]),
  );
  expect(html).toContain('<h2>Further statistics</h2>');
  expect(html).toContain('the first 100 of 101 rows');
  expect(html).toMatch(/&lt;b&gt;99&lt;\/b&gt;<\/th><td>99,000<\/td><td>–<\/td>/);
  expect(html).not.toContain('&lt;b&gt;100');
  expect(html).toMatch(/This statistic failed: There is no table (&quot;|&#34;)nothing/);
  expect(html).not.toContain('broken.csv');
  expect(renderHtml(reportOf([]))).not.toContain('Further statistics');
});

test('a page contains its tables as CSV, up to a limit of bytes', () => {
  const large = (name: string, rows: number) =>
    statisticOf(
      name,
      ['text'],
      Array.from({ length: rows }, () => ['x'.repeat(98)]),
    );
  const html = renderHtml(
    reportOf([
      large('fits', 2000),
      large('too-large', 3000),
      ...[1, 2, 3, 4, 5].map((n) => large(`more-${n}`, 2000)),
    ]),
  );
  const hrefOf = (name: string) =>
    new RegExp(`<a href="([^"]*)" download="${name}.csv">`).exec(html)?.[1] ?? '';
  const [, base64 = ''] = hrefOf('fits').split('base64,');
  expect(Buffer.from(base64, 'base64').toString('utf8')).toBe(
    `\uFEFFtext\r\n${`${'x'.repeat(98)}\r\n`.repeat(2000)}`,
  );
  expect(hrefOf('too-large')).toBe('too-large.csv');
  expect(html.match(/The CSV is too large for this page/g)).toHaveLength(2);
  expect(html.length).toBeLessThan(1_600_000);
});
