import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useMiniTwit, type Visitor } from '../../support/minitwit.ts';

const { user } = useMiniTwit();
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36';
const HOST = 'minitwit.example.com';
let alice: Visitor;

beforeAll(async () => {
  await user('bob');
  alice = await user('alice');
});

type Headers = Record<string, string>;
const requests: [from: string, headers: Headers, isSameOrigin: boolean][] = [
  ['a page of MiniTwit', { 'Sec-Fetch-Site': 'same-origin' }, true],
  ['another site', { 'Sec-Fetch-Site': 'cross-site' }, false],
  ['another host of the same domain', { 'Sec-Fetch-Site': 'same-site' }, false],
  [
    'another site with a forged Referer',
    { 'Sec-Fetch-Site': 'cross-site', Referer: `http://${HOST}/` },
    false,
  ],
  ['a page of MiniTwit over http', { Origin: `http://${HOST}` }, true],
  ['another site over http', { Origin: 'http://evil.example.com' }, false],
  ['another port', { Origin: `http://${HOST}:81` }, false],
  ['an opaque origin', { Origin: 'null' }, false],
  ['a page of MiniTwit by its Referer', { Referer: `http://${HOST}/bob` }, true],
  ['another site by its Referer', { Referer: `http://evil.example.com/?${HOST}` }, false],
];

describe.each(requests)('a change of state by %s', (_from, headers, isSameOrigin) => {
  test.each([
    ['post', '/bob/follow'],
    ['post', '/add_message'],
    ['get', '/bob/follow'],
    ['get', '/bob/unfollow'],
  ] as const)(`${isSameOrigin ? 'accepts' : 'refuses'} %s %s`, async (method, path) => {
    const response = await alice.agent[method](path)
      .set({ 'User-Agent': BROWSER, Host: HOST, ...headers })
      .type('form')
      .send(method === 'post' ? { text: 'hello' } : undefined);
    expect(response.status).toBe(isSameOrigin ? 302 : 403);
    expect(response.text.includes('This request did not come from a page of MiniTwit')).toBe(
      !isSameOrigin,
    );
  });
});

test('refuses a GET of a browser without Sec-Fetch-Site, Origin and Referer', async () => {
  for (const path of ['/bob/follow', '/bob/unfollow', '/logout']) {
    expect((await alice.agent.get(path).set('User-Agent', BROWSER)).status).toBe(403);
  }
});

test('accepts a POST with Sec-Fetch-Site: none, and refuses a GET, which may be a link in an email', async () => {
  const headers = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'none' };
  expect((await alice.agent.post('/bob/follow').set(headers)).status).toBe(302);
  for (const path of ['/bob/follow', '/bob/unfollow', '/logout']) {
    expect((await alice.agent.get(path).set(headers)).status).toBe(403);
  }
});

test('accepts changes of state by a client that is not a browser', async () => {
  for (const method of ['get', 'post'] as const) {
    const response = await alice.agent[method]('/bob/follow').set('User-Agent', 'curl/8.0');
    expect(response.status).toBe(302);
  }
});

test('refuses HEAD, which Express routes like GET', async () => {
  await alice.agent.post('/bob/follow');
  expect((await alice.agent.head('/bob/unfollow')).status).toBe(405);
  expect((await alice.agent.head('/logout')).status).toBe(405);
  expect((await alice.get('/bob')).text).toContain('You are currently following this user.');
});

test.each(['password', 'end_other_sessions', 'end_session/x'])(
  'refuses /settings/%s by another site',
  async (path) => {
    const evil = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'cross-site' };
    const form = { current_password: 'a password', password: 'evil', password2: 'evil' };
    const response = await alice.agent.post(`/settings/${path}`).set(evil).type('form').send(form);
    expect(response.status).toBe(403);
    expect((await alice.get('/settings')).status).toBe(200);
    // A GET only shows the form.
    expect((await alice.agent.get(`/settings/${path}`).set(evil)).status).not.toBe(302);
  },
);

test('refuses logins and logouts by another site', async () => {
  const evil = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'cross-site' };
  for (const path of ['/login', '/logout', '/register']) {
    expect((await alice.agent.post(path).set(evil)).status).toBe(403);
  }
  expect((await alice.agent.get('/logout').set(evil)).status).toBe(403);
  expect((await alice.get('/')).text).toContain('sign out [alice]');
});

test('accepts a navigation from another site to any page', async () => {
  const evil = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'cross-site' };
  for (const path of ['/public', '/bob', '/login']) {
    expect((await alice.agent.get(path).set(evil)).status).toBeLessThan(400);
  }
});

const SENDERS: Record<string, Headers> = {
  'this site': { Origin: `http://${HOST}` },
  'another site, or `null`': { Origin: 'null' },
  'missing, `User-Agent` of a browser': { 'User-Agent': BROWSER },
  'missing, any other `User-Agent`': { 'User-Agent': 'python-requests/2.32' },
  'missing, `Sec-Fetch-Mode` or `Sec-Fetch-Dest`': { 'Sec-Fetch-Mode': 'navigate' },
  any: { Origin: 'https://evil.test', Referer: `http://${HOST}/` },
};
const STATUS = { accepted: 302, refused: 403 };

// | `Sec-Fetch-Site` | `Origin`, else `Referer` | POST | GET |
const rows = Array.from(
  readFileSync('SECURITY.md', 'utf8').matchAll(
    /^\| (missing|`[^|]+) +\| ([^|]+?) +\| (accepted|refused) +\| (accepted|refused) +\|$/gm,
  ),
  ([, site = '', sender = '', byPost = '', byGet = '']) => ({ site, sender, byPost, byGet }),
);

test('SECURITY.md has a row for each kind of request', () => {
  expect(rows).toHaveLength(8);
});

describe.each(rows)('Sec-Fetch-Site $site, source $sender', ({ site, sender, byPost, byGet }) => {
  const sites =
    site === 'missing' ? [undefined] : Array.from(site.matchAll(/`([a-z-]+)`/g), ([, s]) => s);

  test.each([
    ['post', byPost],
    ['get', byGet],
  ] as const)('%s is %s', async (method, outcome) => {
    expect(sites.length).toBeGreaterThan(0);
    for (const each of sites) {
      for (const path of ['/bob/follow', '/bob/unfollow']) {
        const headers = { Host: HOST, ...SENDERS[sender], ...(each && { 'Sec-Fetch-Site': each }) };
        expect(SENDERS[sender], sender).toBeDefined();
        const { status } = await alice.agent[method](path).set(headers);
        expect(status, `${method} ${path}`).toBe(STATUS[outcome as keyof typeof STATUS]);
      }
    }
  });
});

test('neither posts nor deletes a message by GET', async () => {
  const { text } = await alice.addMessage('not deleted by a link');
  const [, path = ''] = /href="(\/delete_message\/\d+)"/.exec(text) ?? [];
  for (const agent of [BROWSER, 'curl/8.0']) {
    expect((await alice.agent.get(path).set('User-Agent', agent)).text).toContain(
      'Delete this message?',
    );
    expect((await alice.agent.get('/add_message?text=x').set('User-Agent', agent)).status).toBe(
      405,
    );
  }
  expect((await alice.get('/')).text).toContain('not deleted by a link');
});
