import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
  const paths = await writeReport(join(folder, 'runs', 'second'), report);
  const names = [
    'report.html',
    'stats.json',
    'rising-authors.csv',
    'new-users.csv',
    'active-users.csv',
    'posts.csv',
    'retention.csv',
    'hours.csv',
  ];
  expect(paths.map((path) => basename(path))).toEqual(names);
  expect(new Set(await readdir(join(folder, 'runs', 'second')))).toEqual(new Set(names));
  for (const path of paths) expect((await stat(path)).mode & 0o777).toBe(0o600);
  const json = paths.find((path) => path.endsWith('.json')) ?? '';
  expect(parseReport(await readFile(json, 'utf8'))).toEqual(report);
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
  expect(html.length).toBeLessThan(300_000);
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
  // MiniTwit's own templates, which another file of this worker may have loaded, have nunjucks write &#34; instead.
  expect(html.replaceAll('&#34;', '&quot;')).toContain(
    '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;{{ 7 * 7 }}&#39;&amp;',
  );
});

test('key figures are compared with the run before, when there was one', () => {
  const totals = statisticOf('totals', ['people'], [[1234]]);
  expect(renderHtml(reportOf([totals], before))).toMatch(/1,234<[^]*\+34<\/strong> since 16 Nov/);
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
  const html = renderHtml(reportOf([], before));
  expect(html).toContain('Run <code>second</code>, after <code>first</code>');
  expect(html).toContain('<th scope="row">user</th><td>1,234</td><td>67</td><td>8</td>');
  expect(html).toContain('2026-11-23 @ 00:15 UTC');
});
