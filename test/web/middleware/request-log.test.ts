import request from 'supertest';
import { expect, test } from 'vitest';
import { captureLog } from '../../support/capture-log.ts';
import { useMiniTwit } from '../../support/minitwit.ts';

const { withSettings, visitor } = useMiniTwit();
const { logger, lines } = captureLog();
const app = withSettings({ trustProxy: 1 }, logger);

/** The line of the request that was answered last. */
function lastLine(): unknown {
  return JSON.parse(lines.at(-1) ?? 'null');
}

test('a request is a line: id, method, path, client address, route, user, status and duration', async () => {
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

test('what no route answers has none', async () => {
  await request(app).get('/a/b');
  expect(lastLine()).toMatchObject({ req: { path: '/a/b' }, route: null });
});

test('a form that was sent by GET does not stand in the log', async () => {
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
])('the load balancer’s id is taken: %s: %s', async (header, value, id) => {
  const { headers, text } = await request(app).get('/nobody').set(header, value);
  expect(headers['x-request-id']).toBe(id);
  expect(text).toContain(`<code>${id}</code>`);
  expect(lastLine()).toMatchObject({ req: { id } });
});

test.each(['X-Request-Id', 'X-Amzn-Trace-Id'])(
  'a client cannot choose the id of its request by %s where no proxy is trusted',
  async (name) => {
    const { headers } = await request(withSettings({})).get('/public').set(name, 'Root=chosen');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const plain = await request(withSettings({})).get('/public').set(name, 'chosen');
    expect(plain.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test.each(['<script>', 'x'.repeat(65), 'a b', '\u00e9'])(
  'an id that cannot be one is not taken: %s',
  async (id) => {
    const { headers } = await request(app).get('/public').set('X-Request-Id', id);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test('health checks, which come all the time, are not logged unless one debugs', async () => {
  const before = lines.length;
  await request(app).get('/healthz');
  await request(app).get('/readyz');
  expect(lines.length).toBe(before);
  const debugged = captureLog('debug');
  await request(withSettings({}, debugged.logger)).get('/healthz');
  expect(debugged.lines[0]).toContain('"path":"/healthz"');
});
