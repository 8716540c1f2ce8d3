import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import request from 'supertest';
import { expect, onTestFinished, test } from 'vitest';
import { captureLog } from '../../support/capture-log.ts';
import { logRequests } from '../../support/log-requests.ts';
import { useMiniTwit } from '../../support/minitwit.ts';
import { waitFor } from '../../support/wait-for.ts';

const { withSettings, visitor } = useMiniTwit();
const { logger, lines } = captureLog();
const app = withSettings({ trustProxy: 1 }, logger);

/** Returns the last log line. */
function lastLine(): unknown {
  return JSON.parse(lines.at(-1) ?? 'null');
}

test('logs the id, method, path, client address, route, user, status and duration of a request', async () => {
  const alice = visitor(app);
  await alice.register('alice', 'a password');
  expect(lastLine()).not.toHaveProperty('userId');
  await alice.login('alice', 'a password');
  const { headers } = await alice.agent.get('/alice?before=9');
  expect(lastLine()).toMatchObject({
    level: 30,
    req: {
      id: headers['x-request-id'],
      method: 'GET',
      path: '/alice',
      address: '127.0.0.1',
    },
    route: '/:username',
    userId: 1,
    res: { statusCode: 200 },
    responseTime: expect.any(Number),
  });
});

test('logs the route null if no route matches', async () => {
  await request(app).get('/a/b');
  expect(lastLine()).toMatchObject({ req: { path: '/a/b' }, route: null });
});

test.each([
  ['/reset_password/', ''],
  ['/confirm_email/', ''],
  ['/reset_password/', 'http://127.0.0.1'],
])('does not log the token of a link: %s after %j', async (path, origin) => {
  const server = http.createServer(app).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sent = http.request({ port, host: '127.0.0.1', path: `${origin}${path}a-token` }).end();
  const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
  await response.resume().toArray();
  expect(lastLine()).toMatchObject({ req: { path: `${origin}${path}…` }, route: `${path}:token` });
  expect(lines.join('')).not.toContain('a-token');
});

test('does not log a form that was sent by GET', async () => {
  await request(app).get('/login?username=alice&password=a-password');
  expect(lines.at(-1)).toContain('"path":"/login"');
  expect(lines.at(-1)).not.toContain('a-password');
});

test.each([
  ['X-Request-Id', 'a-Request_1', 'a-Request_1'],
  [
    'X-Amzn-Trace-Id',
    'Root=1-67891233-abcdef012345678912345678',
    '1-67891233-abcdef012345678912345678',
  ],
  // The client sent Root, and the load balancer added Self.
  ['X-Amzn-Trace-Id', 'Self=1-0-a;Root=1-67891233-abcdef01;Sampled=1', '1-0-a'],
])('uses the id of a trusted load balancer: %s: %s', async (header, value, id) => {
  const { headers, text } = await request(app).get('/nobody').set(header, value);
  expect(headers['x-request-id']).toBe(id);
  expect(text).toContain(`<code>${id}</code>`);
  expect(lastLine()).toMatchObject({ req: { id } });
});

test.each(['X-Request-Id', 'X-Amzn-Trace-Id'])(
  'ignores %s if no proxy is trusted',
  async (name) => {
    const { headers } = await request(withSettings({})).get('/public').set(name, 'Root=chosen');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const plain = await request(withSettings({})).get('/public').set(name, 'chosen');
    expect(plain.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test.each(['<script>', 'x'.repeat(65), 'a b', '\u00e9'])(
  'ignores an invalid request id: %s',
  async (id) => {
    const { headers } = await request(app).get('/public').set('X-Request-Id', id);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test('logs a request whose client has disconnected as aborted', async () => {
  const captured = captureLog();
  const waiting = express().use(logRequests(captured.logger));
  const arrived = new Promise<void>((resolve) => waiting.use(() => resolve()));
  const server = http.createServer(waiting).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sent = http.get({ port, host: '127.0.0.1', path: '/public' });
  sent.on('error', () => undefined);
  await arrived;
  sent.destroy();
  await waitFor('the line', () => captured.lines.length > 0);
  expect(captured.lines[0]).toContain('"msg":"request aborted"');
});

test('logs health checks at the level debug only', async () => {
  const before = lines.length;
  await request(app).get('/healthz');
  await request(app).get('/readyz');
  expect(lines.length).toBe(before);
  const debugged = captureLog('debug');
  await request(withSettings({}, debugged.logger)).get('/healthz');
  expect(debugged.lines[0]).toContain('"path":"/healthz"');
});
