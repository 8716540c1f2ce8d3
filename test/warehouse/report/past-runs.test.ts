import { expect, test } from 'vitest';
import { renderPastRuns } from '../../../src/warehouse/report/past-runs.ts';
import { createReport, HISTORY_MAX, parseReport } from '../../../src/warehouse/report/report.ts';
import { pastRunOf, reportOf, statisticOf } from './sample-report.ts';

const totals = statisticOf('totals', ['people', 'messages'], [[1200, 50]]);
const history = [
  pastRunOf('2025-12-29T00:15:00.000Z', { people: 0 }),
  pastRunOf('2026-11-16T00:15:00.000Z', { people: 1000, messages: 60 }),
];

function rowsOf(html: string): string[] {
  const rows = html.match(/<tr><th scope="row">[^]*?<\/tr>/g) ?? [];
  return rows.map((row) =>
    row
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/ +/g, ' ')
      .trim(),
  );
}

test('the page lists the runs with the growth of each figure, the latest run first', () => {
  const html = renderPastRuns({ ...reportOf([totals]), history });
  expect(rowsOf(html)).toEqual([
    '2026-11-23 @ 00:15 1,200 +20.0\u00a0% 50 −16.7\u00a0% second',
    '2026-11-16 @ 00:15 1,000 60 run-2026-11-16',
    '2025-12-29 @ 00:15 0 – run-2025-12-29',
  ]);
  expect(html).not.toMatch(/<script|NaN|undefined|Infinity|\[object/);
});

test('a trend needs two runs, and names the years of its axis', () => {
  expect(renderPastRuns(reportOf([totals])).match(/A trend needs two runs/g)).toHaveLength(2);
  const html = renderPastRuns({ ...reportOf([totals]), history });
  expect(html.match(/<svg/g)).toHaveLength(2);
  for (const year of ['2025', '2026']) expect(html).toContain(`>${year}</text>`);
});

test('the CSV of the runs is in the page', () => {
  const html = renderPastRuns({ ...reportOf([totals]), history });
  const [, base64 = ''] = /href="data:text\/csv;charset=utf-8;base64,([^"]*)"/.exec(html) ?? [];
  expect(Buffer.from(base64, 'base64').toString('utf8')).toBe(
    '\uFEFFrun,as_of,people,messages\r\n' +
      'run-2025-12-29,2025-12-29T00:15:00.000Z,0,\r\n' +
      'run-2026-11-16,2026-11-16T00:15:00.000Z,1000,60\r\n' +
      'second,2026-11-23T00:15:00.000Z,1200,50\r\n',
  );
});

test('a report has the last 200 runs, and not itself', () => {
  const runs = Array.from({ length: 250 }, (_, index) => ({
    ...pastRunOf('2026-11-16T00:15:00.000Z', { people: index }),
    run: String(index),
  }));
  const report = createReport('249', { asOfS: 0, tables: [] }, [], null, runs);
  expect(report.history).toHaveLength(HISTORY_MAX);
  expect([report.history[0]?.run, report.history.at(-1)?.run]).toEqual(['49', '248']);
});

test('parses the report of a version without history and parts', () => {
  const report = reportOf([totals]);
  const isNew = (key: string) => ['history', 'parts'].includes(key);
  const older = JSON.stringify(report, (key, value: unknown) => (isNew(key) ? undefined : value));
  expect(older).not.toMatch(/history|parts/);
  expect(parseReport(older)).toEqual(report);
});
