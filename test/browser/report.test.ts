import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { beforeAll, expect, inject, test } from 'vitest';
import { writeReport } from '../../src/warehouse/report/write.ts';
import { expectAccessible } from '../support/browser.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { reportOf, statisticOf, statisticsOfWeeks } from '../warehouse/report/sample-report.ts';

const report = reportOf(
  [
    statisticOf('totals', ['people', 'messages', 'active_week'], [[30_000, 1_000_000, 8026]]),
    ...statisticsOfWeeks(8),
    statisticOf(
      'concentration',
      ['counted', 'top_users', 'top_total', 'total', 'share'],
      [['followers', 300, 119_349, 500_000, 0.239]],
    ),
    statisticOf(
      'rising-authors',
      ['username', 'followers_before', 'followers', 'gained'],
      [
        ['W'.repeat(64), 0, 1000, 1000],
        [`<script>document.title='run'</script>`, 1, 3, 2],
      ],
    ),
  ],
  { run: 'first', asOf: '2026-11-16T00:15:00.000Z', totals: { people: 29_000 } },
);

let browser: Browser;
let folder: string;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-report-'));
  return () => rm(folder, { recursive: true });
});
beforeAll(async () => {
  const [path = ''] = await writeReport(folder, report);
  url = pathToFileURL(path).href;
});
beforeAll(async () => {
  browser = await chromium.connect(inject('chromium'), { timeout: HANG_MS });
  return () => browser.close();
});

async function openPage(options?: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(HANG_MS);
  return page;
}

test('every reader can use a report, which requests nothing and has no script', async () => {
  const page = await openPage();
  const requested: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  await page.goto(url);
  // One table of each kind. axe takes long over many numbers.
  for (const card of ['#new-users', '#hours']) {
    await page.locator(`${card} summary:visible`).click();
  }
  await expectAccessible(page);
  expect(await page.title()).toBe('Report of 2026-11-23 @ 00:15 | MiniTwit');
  expect(await page.locator('script').count()).toBe(0);
  expect(requested).toEqual([url]);
  await page.close();
});

test('a reader chooses a chart without any script', async () => {
  const page = await openPage({ javaScriptEnabled: false });
  await page.goto(url);
  const card = page.locator('#new-users');
  const shown = () => card.locator('figure:visible').getAttribute('aria-label');
  expect(await shown()).toBe('Title of new-users, by week');
  await card.getByText('by month').click();
  expect(await shown()).toBe('Title of new-users, by month');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  expect(await shown()).toBe('Title of new-users, by day');
  await card.locator('summary:visible').click();
  await card.getByRole('rowheader', { name: '2026-11-23' }).waitFor();
  await page.close();
});

test('the text of a chart is large enough on a phone', async () => {
  const page = await openPage({ viewport: { width: 375, height: 800 } });
  await page.goto(url);
  const scale = await page
    .locator('#new-users svg:visible')
    .evaluate(
      (svg) => svg.getBoundingClientRect().width / (svg as SVGSVGElement).viewBox.baseVal.width,
    );
  // The style sheet sets 12 px for the original size of the chart.
  expect(12 * scale).toBeGreaterThan(9.5);
  await page.close();
});
