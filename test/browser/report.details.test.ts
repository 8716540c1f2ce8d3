import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { beforeAll, expect, inject, test } from 'vitest';
import { writeReport } from '../../src/warehouse/report/write.ts';
import { expectAccessible } from '../support/browser.ts';
import { HANG_MS } from '../support/timeouts.ts';
import {
  pastRunOf,
  reportOf,
  statisticOf,
  statisticsOfWeeks,
} from '../warehouse/report/sample-report.ts';

const figures = { people: 29_000, messages: 999_999, follows: 12, active_week: 0 };
const previous = pastRunOf('2026-11-16T00:15:00.000Z', figures);
const statistics = reportOf(
  [
    statisticOf(
      'totals',
      ['people', 'messages', 'follows', 'active_week'],
      [[1_000_000, 10_000_000, 1_234_567_890, 8026]],
    ),
    ...statisticsOfWeeks(61),
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
    statisticOf('countries', ['country', 'users'], [['Ægypten', 1_234_567_890]]),
    { ...statisticOf('broken', [], []), error: 'There is no table of this name.' },
  ],
  { run: previous.run, asOf: previous.asOf, totals: previous.figures },
);
const report = {
  ...statistics,
  history: [pastRunOf('2025-12-29T00:15:00.000Z', { people: 1, messages: 2 }), previous],
};

let browser: Browser;
let folder: string;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-report-'));
  return () => rm(folder, { recursive: true });
});
beforeAll(async () => {
  const path = await writeReport(join(folder, 'run'), report);
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

test.each([
  ['report.html', 'Report of 2026-11-23 @ 00:15 | MiniTwit'],
  ['history.html', 'Past runs up to 2026-11-23 @ 00:15 | MiniTwit'],
])('every reader can use %s, which requests nothing and has no script', async (file, title) => {
  const page = await openPage();
  const requested: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  const address = url.replace('report.html', file);
  await page.goto(address);
  // One table of each kind. axe takes long over many numbers.
  for (const summary of await page.locator('#hours summary, #run summary').all()) {
    await summary.click();
  }
  await expectAccessible(page);
  expect(await page.title()).toBe(title);
  expect(await page.locator('script').count()).toBe(0);
  expect(requested).toEqual([address]);
  await page.close();
});

test('the report and the page of past runs link each other', async () => {
  const page = await openPage();
  await page.goto(url);
  await page.getByRole('link', { name: 'past runs', exact: true }).click();
  await page.getByRole('heading', { name: 'Past runs' }).waitFor();
  await page.getByRole('link', { name: 'report', exact: true }).click();
  await page.getByRole('heading', { name: 'MiniTwit in numbers' }).waitFor();
  expect(page.url()).toBe(url);
  await page.close();
});

const WIDTHS = [320, 375, 1280];

test.each(WIDTHS)('no number of a report is divided into two lines at %d px', async (width) => {
  const page = await openPage({ viewport: { width, height: 800 } });
  for (const file of ['report.html', 'history.html']) {
    await page.goto(url.replace('report.html', file));
    for (const details of await page.locator('summary:visible').all()) await details.click();
    const divided = await page.locator('main').evaluate((main) => {
      const found: string[] = [];
      const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        if (text.parentElement?.closest('svg')) continue;
        for (const { 0: number, index } of (text.textContent ?? '').matchAll(/[+−]?\d[\d,.]*/g)) {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + number.length);
          const lines = new Set(Array.from(range.getClientRects(), ({ top }) => top));
          if (lines.size > 1) found.push(number);
        }
      }
      return found;
    });
    expect(divided).toEqual([]);
  }
  await page.close();
});

test.each(WIDTHS)('the labels of all charts are whole and apart at %d px', async (width) => {
  const page = await openPage({ viewport: { width, height: 800 } });
  for (const file of ['report.html', 'history.html']) {
    await page.goto(url.replace('report.html', file));
    // All charts of a card are visible.
    await page.addStyleTag({ content: '.view { display: block !important }' });
    const faults = await page.locator('.chart').evaluateAll((charts) => {
      const overlaps = (a: DOMRect, b: DOMRect) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      return charts.flatMap((chart) => {
        const title = chart.getAttribute('aria-label');
        const whole = chart.getBoundingClientRect();
        const labels = Array.from(chart.querySelectorAll('text'), (text) => {
          // The box of a text has room above and below its letters.
          const { left, right, top, bottom, height } = text.getBoundingClientRect();
          const rect = new DOMRect(left, top + height / 4, right - left, bottom - top - height / 2);
          return { text: text.textContent, rect };
        });
        const cut = labels.filter(
          ({ rect: { left, right } }) => left < whole.left || right > whole.right,
        );
        const covered = labels.filter(({ rect }, at) =>
          labels.slice(at + 1).some((other) => overlaps(rect, other.rect)),
        );
        return [...cut, ...covered].map(({ text }) => `${title}: ${text}`);
      });
    });
    expect(faults).toEqual([]);
  }
  await page.close();
});

test('the downloads of a report work without its folder', async () => {
  const alone = join(folder, 'alone');
  await mkdir(alone);
  for (const name of ['report.html', 'history.html']) {
    await copyFile(join(folder, 'run', name), join(alone, name));
  }
  const page = await openPage();
  const download = async (link: string) => {
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: link, exact: true }).first().click();
    const file = await downloading;
    expect(file.suggestedFilename()).toBe(link);
    const path = join(folder, 'downloaded.csv');
    await file.saveAs(path);
    return readFile(path);
  };
  await page.goto(pathToFileURL(join(alone, 'report.html')).href);
  for (const name of ['totals.csv', 'new-users.csv', 'rising-authors.csv', 'countries.csv']) {
    expect(await download(name)).toEqual(await readFile(join(folder, 'run', name)));
  }
  await page.goto(pathToFileURL(join(alone, 'history.html')).href);
  expect((await download('history.csv')).toString('utf8').split('\r\n')).toHaveLength(5);
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
