import { beforeAll, describe, expect, test } from 'vitest';
import { useMiniTwit, type Visitor } from '../support/minitwit.ts';

const { user } = useMiniTwit();
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36';
const HOST = 'minitwit.example.com';
let alice: Visitor;

beforeAll(async () => {
  await user('bob');
  alice = await user('alice');
});

type Headers = Record<string, string>;
const requests: [from: string, headers: Headers, isOurs: boolean][] = [
  ['our own page', { 'Sec-Fetch-Site': 'same-origin' }, true],
  ['another site', { 'Sec-Fetch-Site': 'cross-site' }, false],
  ['a neighbour on the same domain', { 'Sec-Fetch-Site': 'same-site' }, false],
  [
    'another site that forges Referer',
    { 'Sec-Fetch-Site': 'cross-site', Referer: `http://${HOST}/` },
    false,
  ],
  ['our own page over http', { Origin: `http://${HOST}` }, true],
  ['another site over http', { Origin: 'http://evil.example.com' }, false],
  ['another port', { Origin: `http://${HOST}:81` }, false],
  ['nowhere that has a name', { Origin: 'null' }, false],
  ['our own page, by its Referer', { Referer: `http://${HOST}/bob` }, true],
  ['another site, by its Referer', { Referer: `http://evil.example.com/?${HOST}` }, false],
];

describe.each(requests)('a change that %s asks for', (_from, headers, isOurs) => {
  test.each([
    ['post', '/bob/follow'],
    ['post', '/add_message'],
    ['get', '/bob/follow'],
    ['get', '/bob/unfollow'],
  ] as const)(`by %s %s is ${isOurs ? 'made' : 'refused'}`, async (method, path) => {
    const response = await alice.agent[method](path)
      .set({ 'User-Agent': BROWSER, Host: HOST, ...headers })
      .type('form')
      .send(method === 'post' ? { text: 'hello' } : undefined);
    expect(response.status).toBe(isOurs ? 302 : 403);
    expect(response.text.includes('MiniTwit did not ask for this itself')).toBe(!isOurs);
  });
});

test('a browser that tells nothing is not trusted with a GET', async () => {
  for (const path of ['/bob/follow', '/bob/unfollow', '/logout']) {
    expect((await alice.agent.get(path).set('User-Agent', BROWSER)).status).toBe(403);
  }
});

test("what the reader's own hand asks for is made by POST, but not by a link in a mail", async () => {
  const headers = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'none' };
  expect((await alice.agent.post('/bob/follow').set(headers)).status).toBe(302);
  for (const path of ['/bob/follow', '/bob/unfollow', '/logout']) {
    expect((await alice.agent.get(path).set(headers)).status).toBe(403);
  }
});

test('what is no browser may change what its cookie allows', async () => {
  for (const method of ['get', 'post'] as const) {
    const response = await alice.agent[method]('/bob/follow').set('User-Agent', 'curl/8.0');
    expect(response.status).toBe(302);
  }
});

test('HEAD, which Express answers like GET, changes nothing', async () => {
  await alice.agent.post('/bob/follow');
  expect((await alice.agent.head('/bob/unfollow')).status).toBe(405);
  expect((await alice.agent.head('/logout')).status).toBe(405);
  expect((await alice.get('/bob')).text).toContain('You are currently following this user.');
});

test('another site can neither log somebody in nor out', async () => {
  const evil = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'cross-site' };
  for (const path of ['/login', '/logout', '/register']) {
    expect((await alice.agent.post(path).set(evil)).status).toBe(403);
  }
  expect((await alice.agent.get('/logout').set(evil)).status).toBe(403);
  expect((await alice.get('/')).text).toContain('sign out [alice]');
});

test('another site may lead readers to any page', async () => {
  const evil = { 'User-Agent': BROWSER, 'Sec-Fetch-Site': 'cross-site' };
  for (const path of ['/public', '/bob', '/login']) {
    expect((await alice.agent.get(path).set(evil)).status).toBeLessThan(400);
  }
});
