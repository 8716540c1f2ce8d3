import request from 'supertest';
import { expect, test } from 'vitest';
import { captureLog } from '../../support/capture-log.ts';
import { testLimits, useMiniTwit } from '../../support/minitwit.ts';

const { withSettings, repositories } = useMiniTwit();
const { logger, lines } = captureLog();
const rateLimits = { ...testLimits, loginsPerName: 2, postsPerUser: 1 };
const app = withSettings({ rateLimits, trustProxy: 1 }, logger);
const ADDRESS = '2001:db8:1:2:3:4:5:6';
const REGISTRATION = { email: 'private@example.com', password: 'pass-1', password2: 'pass-1' };

interface LogLine {
  event?: string;
  [field: string]: unknown;
}

/** Sends a form from `ADDRESS`. Returns the response and the events that the request has logged. */
async function send(path: string, form: Record<string, string>, cookies: string[] = []) {
  const before = lines.length;
  const response = await request(app)
    .post(path)
    .set({ 'X-Forwarded-For': ADDRESS, Cookie: cookies.map((each) => each.replace(/;.*/, '')) })
    .type('form')
    .send(form);
  const logged = lines.slice(before).map((line) => JSON.parse(line) as LogLine);
  const req = { id: response.headers['x-request-id'], address: ADDRESS };
  // Each event has the id and the full address of its request.
  for (const line of logged) expect(line).toMatchObject({ req });
  const events = logged.flatMap(({ event, level, userId, reason, limit }) =>
    event === undefined ? [] : [{ event, level, userId, reason, limit }],
  );
  return { response, events };
}

async function findUserId(username: string): Promise<number | undefined> {
  return (await repositories.users.findUser(username))?.userId;
}

test('logs a registration and a login with the id of the user', async () => {
  const registration = await send('/register', { username: 'alice', ...REGISTRATION });
  const userId = await findUserId('alice');
  expect(registration.events).toEqual([{ event: 'registered', level: 30, userId }]);
  const login = await send('/login', { username: 'alice', password: 'pass-1' });
  expect(login.events).toEqual([{ event: 'login_succeeded', level: 30, userId }]);
});

test('logs no event for a failed registration', async () => {
  const { events } = await send('/register', { username: 'alice', ...REGISTRATION });
  expect(events).toEqual([]);
});

test('logs failed logins, the one that reaches the limit of the username, and refused ones', async () => {
  await send('/register', { username: 'bob', ...REGISTRATION });
  const userId = await findUserId('bob');
  const guess = async () => (await send('/login', { username: 'bob', password: 'guess' })).events;
  const failed = { event: 'login_failed', level: 30, userId, reason: 'wrong_password' };
  expect(await guess()).toEqual([failed]);
  const limit = 'login_name_address';
  expect(await guess()).toEqual([failed, { event: 'locked_out', level: 40, userId, limit }]);
  expect(await guess()).toEqual([{ event: 'limit_reached', level: 40, limit }]);
});

test('does not log the unknown username of a failed login, which may be a password', async () => {
  const { events } = await send('/login', { username: 'typed-by-mistake', password: 'x' });
  expect(events).toEqual([{ event: 'login_failed', level: 30, reason: 'unknown_name' }]);
});

test('logs the id of a user who has reached a limit', async () => {
  const login = await send('/login', { username: 'alice', password: 'pass-1' });
  const cookies = login.response.headers['set-cookie'] as unknown as string[];
  await send('/add_message', { text: 'one' }, cookies);
  const { events } = await send('/add_message', { text: 'two' }, cookies);
  const userId = await findUserId('alice');
  expect(events).toEqual([{ event: 'limit_reached', level: 40, userId, limit: 'post' }]);
});

test('logs no password, email address, session, device or message', async () => {
  const login = await send('/login', { username: 'alice', password: 'pass-1' });
  const cookies = login.response.headers['set-cookie'] as unknown as string[];
  const values = cookies.map((cookie) => /=(?:s%3A)?([^;.]{10,})/.exec(cookie)?.[1] ?? '');
  expect(values.filter((value) => value !== '').length).toBeGreaterThanOrEqual(2);
  await send('/add_message', { text: 'a private thought' }, cookies);
  const log = lines.join('');
  for (const secret of [
    'pass-1',
    'guess',
    'typed-by-mistake',
    'private@example.com',
    'a private thought',
    ...values.filter((value) => value !== ''),
  ]) {
    expect(log).not.toContain(secret);
  }
});
