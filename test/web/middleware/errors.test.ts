import request from 'supertest';
import { expect, test } from 'vitest';
import { createApp } from '../../../src/web/app.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { createRateLimitCounters } from '../../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../../src/repositories/rate-limits.ts';
import type { Repositories } from '../../../src/repositories/repositories.ts';
import { captureLog } from '../../support/capture-log.ts';
import { testConfig, useMiniTwit } from '../../support/minitwit.ts';

const { repositories, database } = useMiniTwit();

/** Returns a MiniTwit whose public timeline and passwords fail with an error, and the lines of its log. */
function createFailingApp(error: Error) {
  const { logger, lines } = captureLog();
  const failing: Repositories = {
    ...repositories,
    timelines: { ...repositories.timelines, listPublic: () => Promise.reject(error) },
  };
  const passwords = {
    hash: () => Promise.reject(error),
    matches: () => Promise.reject(error),
    rehash: () => Promise.reject(error),
    queued: () => 0,
    close: () => Promise.resolve(),
  };
  const app = createApp({
    config: testConfig,
    repositories: failing,
    rateLimits: createRateLimits(createRateLimitCounters(database), null, logger),
    passwords,
    isReady: () => Promise.reject(error),
    logger,
  });
  return { app, lines };
}

test('logs an internal error in full, and shows a page without details', async () => {
  const { app, lines } = createFailingApp(new TypeError('the secret reason'));
  const response = await request(app).get('/public');
  expect(response.status).toBe(500);
  expect(response.text).toContain('Something went wrong');
  expect(response.text).toContain('href="/public"');
  expect(response.text).not.toContain('the secret reason');
  const id = /<code>([0-9a-f-]{36})<\/code>/.exec(response.text)?.[1];
  const [line] = lines;
  expect(JSON.parse(line ?? '')).toMatchObject({
    level: 50,
    req: { id, method: 'GET', path: '/public' },
    res: { statusCode: 500 },
    err: {
      type: 'TypeError',
      message: 'the secret reason',
      stack: expect.stringContaining('errors.test'),
    },
  });
});

test('returns 503 for a failure of the database, and logs the cause', async () => {
  const cause = new Error('connect ECONNREFUSED');
  const { app, lines } = createFailingApp(new AppError('unavailable', 'Try again.', { cause }));
  const response = await request(app).get('/public');
  expect(response.status).toBe(503);
  expect(response.text).toContain('Try again.');
  expect(response.text).not.toContain('ECONNREFUSED');
  expect(response.headers['retry-after']).toBe('5');
  expect(lines[0]).toContain('connect ECONNREFUSED');
});

test('the error page contains the submitted fields, except for passwords', async () => {
  const { app } = createFailingApp(new AppError('unavailable', 'Try again.'));
  const form = { username: 'alice', email: 'alice@example.com', password: 'a-password' };
  const { text } = await request(app)
    .post('/register')
    .type('form')
    .send({ ...form, password2: 'a-password' });
  expect(text).toContain('value="alice"');
  expect(text).toContain('value="alice@example.com"');
  expect(text).not.toContain('a-password');
});

test('logs a 404 at the level info and without an error', async () => {
  const { app, lines } = createFailingApp(new Error('unused'));
  await request(app).get('/nobody');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 30, res: { statusCode: 404 } });
  expect(lines[0]).not.toContain('"err"');
});

test('logs no cookie, password or text', async () => {
  const { app, lines } = createFailingApp(new Error('broken'));
  await request(app)
    .post('/login')
    .set('Cookie', 'session=a-cookie')
    .set('Authorization', 'Bearer a-token')
    .type('form')
    .send({ username: 'alice', password: 'a-password', text: 'a-text' });
  const logged = lines.join('');
  expect(logged).toContain('"path":"/login"');
  expect(logged).not.toMatch(/a-cookie|a-token|a-password|a-text/);
});

test.each([
  ['too_many', 429],
  ['forbidden', 403],
  ['unauthenticated', 401],
] as const)(
  'renders the error %s with the status %i and the style of MiniTwit',
  async (code, status) => {
    const response = await request(createFailingApp(new AppError(code, 'The reason.')).app).get(
      '/public',
    );
    expect(response.status).toBe(status);
    expect(response.text).toContain('The reason.');
    expect(response.text).toContain('<link rel="stylesheet" href="/static/style.');
  },
);
