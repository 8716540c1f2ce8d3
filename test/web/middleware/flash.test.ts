import request from 'supertest';
import { expect, onTestFinished, test, vi } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36';
const FLASHED = 'You were logged out';
const MINUTE_MS = 60_000;

/** Returns a browser for which a message waits. */
async function browserWithFlash() {
  const agent = request.agent(app);
  await agent.post('/logout');
  return agent;
}

test('a flashed message is shown once', async () => {
  const agent = await browserWithFlash();
  expect((await agent.get('/public')).text).toContain(FLASHED);
  expect((await agent.get('/public')).text).not.toContain(FLASHED);
});

test.each([
  ['an icon that is not there', '/favicon.ico', {}],
  ['an icon of a phone', '/apple-touch-icon.png', { Accept: '*/*' }],
  ['a page that is not there', '/nobody', {}],
  ['an image', '/public', { 'Sec-Fetch-Dest': 'image', Accept: 'text/html' }],
  ['data for a script', '/public', { 'Sec-Fetch-Dest': 'empty' }],
  ['an image over http', '/public', { Accept: 'image/avif,image/webp,*/*;q=0.8' }],
  ['a page in advance', '/public', { 'Sec-Fetch-Dest': 'document', 'Sec-Purpose': 'prefetch' }],
])('a flashed message waits while a browser requests %s', async (_what, path, headers) => {
  const agent = await browserWithFlash();
  const other = await agent.get(path).set({ 'User-Agent': BROWSER, ...headers });
  expect(other.text).not.toContain(FLASHED);
  expect(other.headers['set-cookie'] ?? []).toEqual([]);
  const page = { 'Sec-Fetch-Dest': 'document', Accept: 'text/html,*/*;q=0.8' };
  expect((await agent.get('/public').set(page)).text).toContain(FLASHED);
});

test('HEAD does not show a flashed message, so it does not clear it', async () => {
  const agent = await browserWithFlash();
  await agent.head('/public');
  expect((await agent.get('/public')).text).toContain(FLASHED);
});

test('a flashed message expires after five minutes, also in a client that stores it for longer', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { headers } = await request(app).post('/logout');
  const cookies = headers['set-cookie'] as unknown as string[];
  const cookie = cookies.find((each) => each.startsWith('flash='))?.split(';', 1)[0] ?? '';
  const read = async () => (await request(app).get('/public').set('Cookie', cookie)).text;
  vi.setSystemTime(Date.now() + 4 * MINUTE_MS);
  expect(await read()).toContain(FLASHED);
  vi.setSystemTime(Date.now() + 2 * MINUTE_MS);
  expect(await read()).not.toContain(FLASHED);
});
