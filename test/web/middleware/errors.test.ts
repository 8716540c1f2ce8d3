import request from 'supertest';
import { expect, test } from 'vitest';
import { createApp } from '../../../src/web/app.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { createRateLimits } from '../../../src/repositories/rate-limits.ts';
import type { Repositories } from '../../../src/repositories/repositories.ts';
import { captureLog } from '../../support/capture-log.ts';
import { testConfig, useMiniTwit } from '../../support/minitwit.ts';

const { repositories, database } = useMiniTwit();

/** MiniTwit, whose public timeline fails, and what it logs. */
function failingWith(error: Error) {
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
    rateLimits: createRateLimits(database, null, logger),
    passwords,
    isReady: () => Promise.reject(error),
    logger,
  });
  return { app, lines };
}

test('an internal failure is logged whole, and told shortly', async () => {
  const { app, lines } = failingWith(new TypeError('the secret reason'));
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

test('a failure of the database is 503, with its cause in the log', async () => {
  const cause = new Error('connect ECONNREFUSED');
  const { app, lines } = failingWith(new AppError('unavailable', 'Try again.', { cause }));
  const response = await request(app).get('/public');
  expect(response.status).toBe(503);
  expect(response.text).toContain('Try again.');
  expect(response.text).not.toContain('ECONNREFUSED');
  expect(response.headers['retry-after']).toBe('5');
  expect(lines[0]).toContain('connect ECONNREFUSED');
});

test('what was typed is kept on the page, but for passwords', async () => {
  const { app } = failingWith(new AppError('unavailable', 'Try again.'));
  const form = { username: 'alice', email: 'alice@example.com', password: 'a-password' };
  const { text } = await request(app)
    .post('/register')
    .type('form')
    .send({ ...form, password2: 'a-password' });
  expect(text).toContain('value="alice"');
  expect(text).toContain('value="alice@example.com"');
  expect(text).not.toContain('a-password');
});

test('a page that is not there is no failure of ours', async () => {
  const { app, lines } = failingWith(new Error('unused'));
  await request(app).get('/nobody');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 30, res: { statusCode: 404 } });
  expect(lines[0]).not.toContain('"err"');
});

test('no cookie, password or text is logged', async () => {
  const { app, lines } = failingWith(new Error('broken'));
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
] as const)('%s is %i, in our look', async (code, status) => {
  const response = await request(failingWith(new AppError(code, 'Why so.')).app).get('/public');
  expect(response.status).toBe(status);
  expect(response.text).toContain('Why so.');
  expect(response.text).toContain('<link rel="stylesheet" href="/static/style.');
});
