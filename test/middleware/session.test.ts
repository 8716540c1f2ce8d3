import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { testConfig, useMiniTwit } from '../support/minitwit.ts';
import { pino } from 'pino';
import { createPasswords } from '../../src/passwords/passwords.ts';

const { app, visitor, user, database, repositories } = useMiniTwit({ trustProxy: 1 });
const DAY_S = 24 * 3600;

interface SessionRow {
  session_id: string;
  expires_s: number;
}

function readSessions(): Promise<SessionRow[]> {
  return database.select('select session_id, expires_s from session');
}

async function readSessionOf(username: string): Promise<SessionRow | undefined> {
  const [row] = await database.select<SessionRow>(
    'select session_id, expires_s from session join user using (user_id) where username = :username',
    { username },
  );
  return row;
}

function sessionCookie(response: { headers: Record<string, unknown> }): string {
  const cookies = (response.headers['set-cookie'] ?? []) as string[];
  return cookies.find((cookie) => cookie.startsWith('session=')) ?? '';
}

async function logIn(username: string, headers: Record<string, string> = {}) {
  await visitor().register(username, 'pw');
  return request(app).post('/login').set(headers).type('form').send({ username, password: 'pw' });
}

test('who only reads gets no session and no cookie', async () => {
  const before = (await readSessions()).length;
  for (const path of ['/public', '/login', '/register', '/nobody', '/static/style.css']) {
    const response = await request(app).get(path);
    expect(response.headers['set-cookie']).toBeUndefined();
  }
  await visitor().login('nobody', 'wrong');
  await visitor().register('', '');
  expect(await readSessions()).toHaveLength(before);
});

test('the cookie is signed, for us alone, and for 30 days', async () => {
  const cookie = sessionCookie(await logIn('alice'));
  expect(cookie).toMatch(
    /^session=s%3A[\w-]{32}\.[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  );
  const expires = Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '');
  expect(Math.abs(expires - Date.now() - 30 * DAY_S * 1000)).toBeLessThan(60_000);
  const row = await readSessionOf('alice');
  expect(Math.abs((row?.expires_s ?? 0) - Date.now() / 1000 - 30 * DAY_S)).toBeLessThan(60);
});

describe('behind https, the cookie is for https alone', () => {
  test('from the login on', async () => {
    expect(sessionCookie(await logIn('bob', { 'X-Forwarded-Proto': 'https' }))).toContain(
      '; Secure',
    );
  });

  test('and whenever it is sent again', async () => {
    const cookie = sessionCookie(await logIn('bea', { 'X-Forwarded-Proto': 'https' }));
    const again = await request(app).get('/').set({ Cookie: cookie, 'X-Forwarded-Proto': 'https' });
    expect(sessionCookie(again)).toContain('; Secure');
    expect(sessionCookie(again)).toContain('; HttpOnly; ');
    expect(sessionCookie(again)).toContain('; SameSite=Lax');
  });

  test('unless COOKIE_SECURE says otherwise', async () => {
    const passwords = createPasswords({ cost: 4 });
    const config = { ...testConfig, trustProxy: 1, cookieSecure: 'never' as const };
    const logger = pino({ level: 'silent' });
    const never = createApp({ config, repositories, passwords, logger });
    const response = await request(never)
      .post('/login')
      .set('X-Forwarded-Proto', 'https')
      .type('form')
      .send({ username: 'bob', password: 'pw' });
    expect(sessionCookie(response)).toMatch(/^session=s/);
    expect(sessionCookie(response)).not.toContain('Secure');
    await passwords.close();
  });
});

test('a login gets a new session, and what was before it is worth nothing', async () => {
  const carol = await user('carol');
  const before = await readSessionOf('carol');
  await carol.logout();
  await carol.login('carol', 'a password');
  const after = await readSessionOf('carol');
  expect(after?.session_id).not.toBe(before?.session_id);
});

test('a cookie of before a logout is worth nothing after it', async () => {
  const cookie = sessionCookie(await logIn('dave'));
  const page = () => request(app).get('/').set('Cookie', cookie);
  expect((await page()).status).toBe(200);
  await request(app).post('/logout').set('Cookie', cookie);
  expect((await page()).headers.location).toBe('/public');
});

test('an expired session is nobody', async () => {
  const erin = await user('erin');
  const past = Math.floor(Date.now() / 1000) - 1;
  await database.change(
    'update session join user using (user_id) set expires_s = :past where username = :erin',
    {
      past,
      erin: 'erin',
    },
  );
  expect((await erin.agent.get('/')).headers.location).toBe('/public');
});

test('a session is prolonged by use, but once an hour at most', async () => {
  const frank = await user('frank');
  const row = await readSessionOf('frank');
  const set = async (secondsAgo: number) => {
    const expires = (row?.expires_s ?? 0) - secondsAgo;
    await database.change('update session set expires_s = :expires where session_id = :id', {
      expires,
      id: row?.session_id ?? '',
    });
    await frank.get('/');
    return ((await readSessionOf('frank'))?.expires_s ?? 0) - expires;
  };
  expect(await set(30 * 60)).toBe(0);
  expect(await set(10 * DAY_S)).toBeGreaterThanOrEqual(10 * DAY_S);
});

test.each([
  ['forged', (cookie: string) => cookie.replace(/\.[^;]+/, '.forged')],
  [
    'of an unknown session',
    (cookie: string) => cookie.replace(/s%3A[\w-]{32}/, `s%3A${'x'.repeat(32)}`),
  ],
  ['garbage', () => 'session=%zz%00;;; flash=s%3Ax.y; =;='],
  ['unsigned', () => 'session=abc; flash=<b>forged</b>'],
  ['very long', () => `session=${'x'.repeat(4000)}`],
])('a cookie that is %s is nobody', async (_what, spoil) => {
  const cookie = sessionCookie(await logIn(`owner ${_what}`)).split(';', 1)[0] ?? '';
  const response = await request(app).get('/public').set('Cookie', spoil(cookie));
  expect(response.status).toBe(200);
  expect(response.text).toContain('sign in');
  expect(response.text).not.toContain('forged');
});

test('secrets can be rotated: the old one is still read, the new one signs', async () => {
  const cookie = sessionCookie(await logIn('grace'));
  const passwords = createPasswords({ cost: 4 });
  const sessionSecrets = ['another secret that has 32 characters', ...testConfig.sessionSecrets];
  const rotated = createApp({
    config: { ...testConfig, sessionSecrets },
    repositories,
    passwords,
    logger: pino({ level: 'silent' }),
  });
  const response = await request(rotated).get('/').set('Cookie', cookie);
  expect(response.text).toContain('sign out [grace]');
  const renewed = sessionCookie(response);
  expect(renewed.split('.')[0]).toBe(cookie.split('.')[0]);
  expect(renewed.split(';')[0]).not.toBe(cookie.split(';')[0]);
  await passwords.close();
});

test('pages of somebody are kept by no cache', async () => {
  const heidi = await user('heidi');
  const response = await heidi.get('/');
  expect(response.headers['cache-control']).toBe('private, no-store');
  expect(response.headers.vary).toContain('Cookie');
});
