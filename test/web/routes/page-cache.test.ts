import request from 'supertest';
import { beforeAll, expect, test, vi } from 'vitest';
import { captureLog } from '../../support/capture-log.ts';
import { useMiniTwit, type Visitor } from '../../support/minitwit.ts';

const { app, database, user, visitor, withSettings } = useMiniTwit();
const PAGES = ['/public', '/alice'];
let alice: Visitor;

beforeAll(async () => {
  alice = await user('alice');
  for (let number = 1; number <= 31; number++) await alice.addMessage(`message ${number}.`);
});

test.each(PAGES)('%s has the same content with and without compression', async (path) => {
  const plain = await request(app).get(path).set('Accept-Encoding', 'identity');
  expect(plain.headers).not.toHaveProperty('content-encoding');
  expect(plain.text).toContain('message 31.');
  const compressed = [];
  for (const [accepted, encoding] of [
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, br;q=0', 'gzip'],
  ] as const) {
    // The second request stores the page in the cache, and the third one is sent from it.
    for (let time = 0; time < 3; time++) {
      const response = await request(app).get(path).set('Accept-Encoding', accepted);
      expect(response.headers['content-encoding']).toBe(encoding);
      expect(response.text).toBe(plain.text);
      expect(Number(response.headers['content-length'])).toBeLessThan(plain.text.length / 4);
      compressed.push(response);
    }
  }
  for (const { headers } of [plain, ...compressed]) {
    expect(headers.vary).toMatch(/Cookie.*Accept-Encoding/);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('private, no-cache');
  }
});

test.each(PAGES)(
  '%s has the same headers and log lines if it is sent from the cache',
  async (path) => {
    const { logger, lines } = captureLog();
    const instance = withSettings({}, logger);
    const router = instance.router as unknown as { handle: () => void };
    const express = vi.spyOn(router, 'handle');
    const seen = [];
    for (let time = 0; time < 4; time++) {
      const { status, headers, text } = await request(instance).get(path);
      const { 'x-request-id': id, date, ...others } = headers;
      expect(date).toBeDefined();
      const { req, route, res } = JSON.parse(lines.at(-1) ?? '') as Record<string, object>;
      expect(req).toMatchObject({ id, path });
      seen.push({ status, text, others, route, res });
    }
    expect(seen[3]).toEqual(seen[0]);
    // The second request has stored the page.
    expect(express).toHaveBeenCalledTimes(2);
    expect(seen[3]?.others).toHaveProperty('content-security-policy');
  },
);

test.each(PAGES)('%s returns 304 until its content changes', async (path) => {
  const first = await request(app).get(path);
  const again = () =>
    request(app)
      .get(path)
      .set('If-None-Match', first.headers.etag ?? '');
  const unchanged = await again();
  expect(unchanged.status).toBe(304);
  expect(unchanged.text).toBe('');
  expect(unchanged.headers.etag).toBe(first.headers.etag);
  await alice.addMessage(`news on ${path}`);
  const changed = await again();
  expect(changed.status).toBe(200);
  expect(changed.text).toContain(`news on ${path}`);
});

test('each page has its own ETag', async () => {
  const newest = await request(app).get('/public');
  const oldest = await request(app).get('/public?before=5');
  const tags = [newest, oldest, await request(app).get('/alice')].map(
    ({ headers }) => headers.etag,
  );
  expect(new Set(tags).size).toBe(3);
});

test('returns the right page for pages with the same messages', async () => {
  await user('dave');
  await user('erin');
  // The second request stores a page in the cache, and later requests read it.
  for (let time = 0; time < 3; time++) {
    for (const name of ['dave', 'erin']) {
      expect((await request(app).get(`/${name}`)).text).toContain(`<h1>${name}'s Timeline</h1>`);
    }
    expect((await request(app).get('/public')).text).not.toContain('Newer');
    expect((await request(app).get('/public?before=999999999')).text).toContain('Newer');
  }
});

test('shows a message that was missing while its page was rendered', async () => {
  const frank = await user('frank');
  await frank.addMessage('seen by no reader yet');
  const [row] = await database.select<{ messageId: number; authorId: number }>(
    'select max(message_id) as messageId, max(author_id) as authorId from message where author_id = (select max(user_id) from user)',
  );
  await database.execute('delete from message where message_id = :messageId', { ...row });
  const text = async () => (await request(app).get('/frank')).text;
  for (let time = 0; time < 3; time++) expect(await text()).not.toContain('seen by no reader yet');
  await database.execute(
    `insert into message (message_id, author_id, text, pub_date)
     values (:messageId, :authorId, 'seen by no reader yet', 0)`,
    { ...row },
  );
  expect(await text()).toContain('seen by no reader yet');
});

test.each(['/', ...PAGES])('%s of a user is not compressed and not cached', async (path) => {
  const { headers, text } = await alice.get(path).set('Accept-Encoding', 'gzip');
  expect(headers).not.toHaveProperty('content-encoding');
  expect(headers).not.toHaveProperty('etag');
  expect(headers['cache-control']).toBe('private, no-store');
  expect(text).toContain('sign out [alice]');
});

test.each(PAGES)('a user who logs in does not get the cached page %s', async (path) => {
  const { headers } = await request(app).get(path);
  const own = await alice.get(path).set('If-None-Match', headers.etag ?? '');
  expect(own.status).toBe(200);
  expect(own.text).toContain('sign out [alice]');
  expect((await request(app).get(path)).text).toContain('sign in');
});

test('no other page shows the flash message of a browser', async () => {
  const bob = await user('bob');
  const withFlash = await bob.logout();
  expect(withFlash.text).toContain('You were logged out');
  expect(withFlash.headers).not.toHaveProperty('content-encoding');
  expect((await request(app).get('/public')).text).not.toContain('You were logged out');
  expect((await bob.get('/public')).text).not.toContain('You were logged out');
});

test('only the author sees a link that deletes a message, also if the message is cached', async () => {
  const link = /\/delete_message\//;
  const carol = await user('carol');
  for (let time = 0; time < 2; time++) {
    expect((await carol.get('/alice')).text).not.toMatch(link);
    expect((await request(app).get('/alice')).text).not.toMatch(link);
    expect((await alice.get('/alice')).text).toMatch(link);
    expect((await visitor().get('/public')).text).not.toMatch(link);
  }
});

test('HEAD returns the headers of GET', async () => {
  const { headers } = await request(app).get('/public');
  const head = await request(app).head('/public').set('Accept-Encoding', 'gzip');
  for (const name of ['etag', 'content-encoding', 'content-length']) {
    expect(head.headers[name]).toBe(headers[name]);
  }
});
