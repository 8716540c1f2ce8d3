import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { captureLog } from '../../support/capture-log.ts';
import { listen } from '../../support/listen.ts';
import { useMiniTwit, type Visitor } from '../../support/minitwit.ts';

const { app, user, visitor, withSettings } = useMiniTwit();
const { logger, lines } = captureLog();
const behindProxy = withSettings({ trustProxy: 1 }, logger);
const withoutProxy = withSettings({}, logger);
let direct: Visitor;
let proxied: Visitor;

beforeAll(async () => {
  await user('alice');
  direct = visitor(withoutProxy);
  proxied = visitor(behindProxy);
  for (const each of [direct, proxied]) await each.login('alice', 'a password');
});

/** Posts a message with the headers `Origin` and `Host` of a browser on plain http. */
function post(from: Visitor, headers: Record<string, string>, text = 'written with care') {
  return from.agent.post('/add_message').set(headers).type('form').send({ text });
}

describe('accepts a POST from the same host', () => {
  test.each([
    ['http://example.com', 'example.com'],
    ['http://example.com', 'example.com:80'],
    ['https://example.com', 'example.com:443'],
    ['https://example.com', 'Example.COM'],
    ['https://example.com', 'example.com.'],
    ['https://example.com.', 'example.com.:443'],
    ['https://example.com:8443', 'example.com:8443'],
    ['https://xn--mnchen-3ya.example', 'xn--mnchen-3ya.EXAMPLE'],
    ['http://[::1]:5000', '[0:0::1]:5000'],
    ['http://127.0.0.1:5000', '127.0.0.1:5000'],
  ])('Origin: %s, Host: %s', async (Origin, Host) => {
    expect((await post(direct, { Origin, Host })).status).toBe(302);
  });
});

describe('refuses a POST from another host', () => {
  test.each([
    ['https://example.com', 'example.com:8443'],
    ['https://example.com:8443', 'example.com'],
    ['https://example.com', 'www.example.com'],
    ['https://example.com', 'example.com.evil.test'],
    ['https://example.com', 'x@example.com'],
    ['https://example.com', 'example.com/'],
    ['https://example.com', 'backend:5000'],
    ['null', 'null'],
    ['https://', ''],
    ['nonsense', 'nonsense'],
  ])('Origin: %s, Host: %s', async (Origin, Host) => {
    expect((await post(direct, { Origin, Host })).status).toBe(403);
  });
});

test.each([
  'example.com',
  'example.com:443',
  'EXAMPLE.com',
  'example.com, backend:5000',
  'backend:5000, example.com',
])('accepts the host in X-Forwarded-Host from a trusted proxy only: %s', async (forwarded) => {
  const headers = {
    Origin: 'https://example.com',
    Host: 'backend:5000',
    'X-Forwarded-Host': forwarded,
  };
  expect((await post(proxied, headers)).status).toBe(302);
  expect((await post(direct, headers)).status).toBe(403);
});

test('accepts the host in Host, although a proxy sets a different X-Forwarded-Host', async () => {
  const headers = { Origin: 'https://example.com', Host: 'example.com' };
  expect((await post(proxied, { ...headers, 'X-Forwarded-Host': 'edge.test' })).status).toBe(302);
});

test('the error page contains the text, and the log the cause, if a proxy changes Host', async () => {
  const Origin = 'http://example.com';
  lines.length = 0;
  const { status, text } = await post(proxied, { Origin, Host: 'backend:5000' }, 'an <hour>');
  expect(status).toBe(403);
  expect(text).toContain('an &lt;hour&gt;</textarea>');
  // Another site may have written the text. Over plain http, the browser does not name the sender's site.
  expect(text).toContain('The request contained:');
  expect(text).not.toContain('Your text');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 40,
    originMismatch: {
      origin: Origin,
      host: 'backend:5000',
      forwardedHost: '',
      remedy: expect.stringMatching(
        /a proxy changes the Host header.*X-Forwarded-Host, and set TRUST_PROXY/,
      ),
    },
  });
  const form = { username: 'bob', email: 'bob@example.com', password: 'a-secret' };
  for (const path of ['/login', '/register']) {
    const page = await visitor(behindProxy)
      .agent.post(path)
      .set({ Origin, Host: 'backend:5000' })
      .type('form')
      .send(form);
    expect(page.status).toBe(403);
    expect(page.text).toContain('value="bob"');
    expect(page.text).not.toContain('a-secret');
  }
});

test('truncates long hosts in the log', async () => {
  lines.length = 0;
  await post(proxied, { Origin: `http://${'x'.repeat(5000)}`, Host: 'y'.repeat(5000) });
  expect(lines[0]?.length).toBeLessThan(2000);
});

test('neither shows the text of another site nor logs a proxy error for it', async () => {
  lines.length = 0;
  const evil = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' };
  const { status, text } = await post(
    proxied,
    { ...evil, Host: 'example.com' },
    'call this number',
  );
  expect(status).toBe(403);
  expect(text).not.toContain('call this number');
  expect(JSON.parse(lines[0] ?? '')).not.toHaveProperty('originMismatch');
});

test('does not label the text of another site as the text of the reader over http', async () => {
  const evil = { Origin: 'http://evil.test', Host: 'example.com' };
  for (const field of ['text', 'draft']) {
    const { status, text } = await visitor(withoutProxy)
      .agent.post('/login')
      .set(evil)
      .type('form')
      .send({ [field]: 'call this number' });
    expect(status).toBe(403);
    expect(text).toContain('The request contained:');
    expect(text).toContain('call this number</textarea>');
    expect(text).not.toContain('Your text');
  }
});

test('the error page contains the text of a page that was opened before the site moved to another scheme or port', async () => {
  for (const Origin of ['http://example.com', 'https://example.com:8443']) {
    const moved = { 'Sec-Fetch-Site': 'cross-site', Origin, Host: 'example.com:444' };
    const { status, text } = await post(direct, moved, 'written before');
    expect(status).toBe(403);
    expect(text).toContain('written before</textarea>');
  }
});

test.each([
  ['two equal', 'Host: example.com\r\nHost: example.com', 400],
  ['two different', 'Host: example.com\r\nhost: evil.test', 400],
  ['one', 'Host: example.com', 200],
  ['no', 'X: y', 400],
])('handles a request with %s Host headers', async (_many, headers, status) => {
  const server = createServer(app);
  const socket = connect(await listen(server), '127.0.0.1').setEncoding('utf8');
  socket.write(`GET /public HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
  let response = '';
  socket.on('data', (text: string) => (response += text));
  await once(socket, 'close');
  expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  server.close();
});
