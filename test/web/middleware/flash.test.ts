import request from 'supertest';
import { expect, onTestFinished, test, vi } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36';
const MESSAGE = 'You were logged out';
const MINUTE_MS = 60_000;

/** Returns a client with a stored flash message. */
async function createClientWithFlash() {
  const agent = request.agent(app);
  await agent.post('/logout');
  return agent;
}

test('shows a flash message once', async () => {
  const agent = await createClientWithFlash();
  expect((await agent.get('/public')).text).toContain(MESSAGE);
  expect((await agent.get('/public')).text).not.toContain(MESSAGE);
});

test.each([
  ['a missing icon', '/favicon.ico', {}],
  ['the icon for phones', '/apple-touch-icon.png', { Accept: '*/*' }],
  ['a missing page', '/nobody', {}],
  ['an image', '/public', { 'Sec-Fetch-Dest': 'image', Accept: 'text/html' }],
  ['data for a script', '/public', { 'Sec-Fetch-Dest': 'empty' }],
  ['an image over http', '/public', { Accept: 'image/avif,image/webp,*/*;q=0.8' }],
  ['a prefetched page', '/public', { 'Sec-Fetch-Dest': 'document', 'Sec-Purpose': 'prefetch' }],
])(
  'does not show or clear a flash message in the response to a request for %s',
  async (_what, path, headers) => {
    const agent = await createClientWithFlash();
    const other = await agent.get(path).set({ 'User-Agent': BROWSER, ...headers });
    expect(other.text).not.toContain(MESSAGE);
    expect(other.headers['set-cookie'] ?? []).toEqual([]);
    const page = { 'Sec-Fetch-Dest': 'document', Accept: 'text/html,*/*;q=0.8' };
    expect((await agent.get('/public').set(page)).text).toContain(MESSAGE);
  },
);

test('does not clear a flash message at a HEAD request', async () => {
  const agent = await createClientWithFlash();
  await agent.head('/public');
  expect((await agent.get('/public')).text).toContain(MESSAGE);
});

test('does not show a flash message after five minutes, even if the client still sends its cookie', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { headers } = await request(app).post('/logout');
  const cookies = headers['set-cookie'] as unknown as string[];
  const cookie = cookies.find((each) => each.startsWith('flash='))?.split(';', 1)[0] ?? '';
  const read = async () => (await request(app).get('/public').set('Cookie', cookie)).text;
  vi.setSystemTime(Date.now() + 4 * MINUTE_MS);
  expect(await read()).toContain(MESSAGE);
  vi.setSystemTime(Date.now() + 2 * MINUTE_MS);
  expect(await read()).not.toContain(MESSAGE);
});
