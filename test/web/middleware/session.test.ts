import { createHmac, randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import request from 'supertest';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { testConfig, useMiniTwit } from '../../support/minitwit.ts';

const { app, visitor, user, database, withSettings } = useMiniTwit({ trustProxy: 1 });
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

/** Makes the session of a user older by `byS` seconds. Returns when it expires now. */
async function age(username: string, byS: number): Promise<number> {
  const row = await readSessionOf(username);
  const expires = (row?.expires_s ?? 0) - byS;
  await database.execute('update session set expires_s = :expires where session_id = :id', {
    expires,
    id: row?.session_id ?? '',
  });
  return expires;
}

function sessionCookie(response: { headers: Record<string, unknown> }): string {
  const cookies = (response.headers['set-cookie'] ?? []) as string[];
  return cookies.find((cookie) => /^(?:__Host-)?session=/.test(cookie)) ?? '';
}

async function logIn(username: string, headers: Record<string, string> = {}, to = app) {
  await visitor().register(username, 'pw');
  return request(to).post('/login').set(headers).type('form').send({ username, password: 'pw' });
}

/** Logs a user in, gives the session an id like those of MiniTwit 1.5, and returns its cookie. */
async function createSessionOfEarlierVersion(username: string): Promise<string> {
  await logIn(username);
  // Base64url, and no hexadecimal time.
  const id = `Zz_-${randomBytes(21).toString('base64url')}`;
  await database.execute(
    'update session join user using (user_id) set session_id = :id where username = :username',
    { id, username },
  );
  const [secret = ''] = testConfig.sessionSecrets;
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return `session=${encodeURIComponent(`s:${id}.${signature}`)}`;
}

test('creates no session and no cookie without a login', async () => {
  const before = (await readSessions()).length;
  for (const path of ['/public', '/login', '/register', '/nobody', '/static/style.css']) {
    const response = await request(app).get(path);
    expect(response.headers['set-cookie']).toBeUndefined();
  }
  await visitor().login('nobody', 'wrong');
  await visitor().register('', '');
  expect(await readSessions()).toHaveLength(before);
});

test('the cookie is signed, valid for this host only, and expires after 30 days', async () => {
  const cookie = sessionCookie(await logIn('alice'));
  expect(cookie).toMatch(
    /^session=s%3A[\w-]{32}\.[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  );
  const expires = Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '');
  expect(Math.abs(expires - Date.now() - 30 * DAY_S * 1000)).toBeLessThan(60_000);
  const row = await readSessionOf('alice');
  expect(Math.abs((row?.expires_s ?? 0) - Date.now() / 1000 - 30 * DAY_S)).toBeLessThan(60);
});

describe('over https', () => {
  test('a login sets a Secure session cookie', async () => {
    const cookie = sessionCookie(await logIn('bob', { 'X-Forwarded-Proto': 'https' }));
    // Browsers accept this prefix only with Secure, with the path /, and without a domain.
    expect(cookie).toMatch(
      /^__Host-session=s%3A[^;]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('the flash cookie is Secure', async () => {
    const { headers } = await logIn('bart', { 'X-Forwarded-Proto': 'https' });
    expect(headers['set-cookie']).toContainEqual(
      expect.stringMatching(
        /^__Host-flash=[^;]+; Max-Age=300; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
      ),
    );
  });

  test('the device cookie is Secure', async () => {
    const https = { 'X-Forwarded-Proto': 'https' };
    const { headers } = await logIn('basil', https);
    const device =
      /^__Host-device=([\w-]{16})\.[^;]+; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/;
    const cookies = headers['set-cookie'] as unknown as string[];
    const cookie = cookies.find((each) => device.test(each)) ?? '';
    expect(cookie).not.toBe('');
    // The next login recognizes the device.
    const again = await logIn('basil', { ...https, Cookie: cookie.split(';', 1)[0] ?? '' });
    const [, id] = device.exec(cookie) ?? [];
    expect(again.headers['set-cookie']).toContainEqual(
      expect.stringContaining(`__Host-device=${id}.`),
    );
  });

  test('a logout removes the session cookie, and the cookie of MiniTwit 1.5 or earlier', async () => {
    const https = { 'X-Forwarded-Proto': 'https' };
    const [cookie = ''] = sessionCookie(await logIn('berta', https)).split(';');
    const { headers } = await request(app)
      .post('/logout')
      .set({ Cookie: cookie, ...https });
    for (const removed of [
      /^__Host-session=; Path=\/; Expires=.*1970.*; Secure/,
      /^session=; .*1970/,
    ]) {
      expect(headers['set-cookie']).toContainEqual(expect.stringMatching(removed));
    }
    expect(headers['clear-site-data']).toBe('"storage"');
  });

  test('a cookie that was set over http does not replace the session cookie', async () => {
    const https = { 'X-Forwarded-Proto': 'https' };
    const [own = ''] = sessionCookie(await logIn('bianca', https)).split(';');
    const [planted = ''] = sessionCookie(await logIn('brutus')).split(';');
    for (const cookies of [`${own}; ${planted}`, `${planted}; ${own}`]) {
      const { text } = await request(app)
        .get('/')
        .set({ Cookie: cookies, ...https });
      expect(text).toContain('sign out [bianca]');
    }
    // The prefix proves nothing over http.
    const overHttp = await request(app).get('/').set('Cookie', own);
    expect(overHttp.headers.location).toBe('/public');
  });

  test('an extended session has a Secure cookie', async () => {
    const cookie = sessionCookie(await logIn('bea', { 'X-Forwarded-Proto': 'https' }));
    await age('bea', DAY_S);
    const again = await request(app).get('/').set({ Cookie: cookie, 'X-Forwarded-Proto': 'https' });
    expect(sessionCookie(again)).toContain('; Secure');
    expect(sessionCookie(again)).toContain('; HttpOnly; ');
    expect(sessionCookie(again)).toContain('; SameSite=Lax');
  });

  test('COOKIE_SECURE=never sets a cookie without Secure', async () => {
    const never = withSettings({ cookieSecure: 'never' });
    const cookie = sessionCookie(await logIn('ben', { 'X-Forwarded-Proto': 'https' }, never));
    expect(cookie).toMatch(/^session=s/);
    expect(cookie).not.toContain('Secure');
  });

  test('COOKIE_SECURE=always sets no cookie over http', async () => {
    const always = withSettings({ cookieSecure: 'always' });
    expect(sessionCookie(await logIn('bill', {}, always))).toBe('');
    const cookie = sessionCookie(await logIn('bonnie', { 'X-Forwarded-Proto': 'https' }, always));
    expect(cookie).toContain('; Secure');
    // The session is extended, but its cookie is not sent over http.
    await age('bonnie', DAY_S);
    const response = await request(always).get('/').set('Cookie', cookie);
    expect(response.text).toContain('sign out [bonnie]');
    expect(sessionCookie(response)).toBe('');
  });
});

test('instances with different cookie prefixes on one host have separate sessions and flashes', async () => {
  const other = withSettings({ cookiePrefix: 'other_', sessionSecrets: ['y'.repeat(32)] });
  const cookies = new Map<string, string>();
  // A browser sends the cookies of a host to all of its ports.
  const post = async (to: RequestListener, path: string, form: Record<string, string> = {}) => {
    const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
    const response = await request(to).post(path).set('Cookie', cookie).type('form').send(form);
    for (const line of (response.headers['set-cookie'] ?? []) as unknown as string[]) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
  };
  await visitor().register('anna', 'pw');
  await post(app, '/login', { username: 'anna', password: 'pw' });
  await post(other, '/login', { username: 'anna', password: 'pw' });
  const names = ['device', 'flash', 'other_device', 'other_flash', 'other_session', 'session'];
  expect(Array.from(cookies.keys()).toSorted()).toEqual(names);
  const read = (from: RequestListener) =>
    request(from)
      .get('/')
      .set('Cookie', Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; '));
  for (const each of [app, other]) {
    expect((await read(each)).text).toContain('You were logged in');
  }
  await post(other, '/logout');
  expect((await read(other)).headers.location).toBe('/public');
  expect((await read(app)).text).toContain('sign out [anna]');
});

test('ignores a cookie that was set over http in a request over https', async () => {
  const https = { 'X-Forwarded-Proto': 'https' };
  const [planted = ''] = sessionCookie(await logIn('agnes')).split(';');
  expect(planted).toMatch(/^session=s%3A/);
  const encoded = planted.replace(/s%3A(.)/, (_all, digit: string) => {
    return `s%3A%${digit.charCodeAt(0).toString(16)}`;
  });
  for (const cookies of [planted, `other=1; ${planted}`, encoded]) {
    const { headers } = await request(app)
      .get('/')
      .set({ Cookie: cookies, ...https });
    expect(headers.location).toBe('/public');
  }
  const { text } = await request(app).get('/').set('Cookie', encoded);
  expect(text).toContain('sign out [agnes]');
});

test('accepts a session cookie of MiniTwit 1.5 or earlier over https', async () => {
  const cookie = await createSessionOfEarlierVersion('albert');
  const read = (cookies: string) =>
    request(app).get('/').set({ Cookie: cookies, 'X-Forwarded-Proto': 'https' });
  expect((await read(`other=1; ${cookie}`)).text).toContain('sign out [albert]');
  const [own = ''] = sessionCookie(await logIn('anton', { 'X-Forwarded-Proto': 'https' })).split(
    ';',
  );
  expect((await read(`${cookie}; ${own}`)).text).toContain('sign out [anton]');
});

test('a login creates a new session, although the request has the cookie of another', async () => {
  const planted = sessionCookie(await logIn('mallory')).split(';', 1)[0] ?? '';
  await request(app).post('/logout').set('Cookie', planted);
  const own = sessionCookie(await logIn('carol', { Cookie: planted }));
  expect(own).toMatch(/^session=s/);
  expect(own).not.toContain(planted);
  expect((await request(app).get('/').set('Cookie', planted)).headers.location).toBe('/public');
});

test('the signature of a flash message is not valid for a session', async () => {
  const ivy = await user('ivy');
  await user('Ægir');
  const follow = await ivy.agent.post(`/${encodeURIComponent('Ægir')}/follow`);
  const cookies = follow.headers['set-cookie'] as unknown as string[];
  const signed = cookies.find((cookie) => cookie.startsWith('flash='))?.split(';', 1)[0] ?? '';
  expect(signed).toContain('now%20following');
  const page = await request(app)
    .get('/public')
    .set('Cookie', signed.replace('flash=', 'session='));
  expect(page.status).toBe(200);
  expect(page.text).toContain('sign in');
});

test('a session cookie is not valid after the logout', async () => {
  const cookie = sessionCookie(await logIn('dave'));
  const page = () => request(app).get('/').set('Cookie', cookie);
  expect((await page()).status).toBe(200);
  await request(app).post('/logout').set('Cookie', cookie);
  expect((await page()).headers.location).toBe('/public');
});

test('an expired session is not valid', async () => {
  const erin = await user('erin');
  const past = Math.floor(Date.now() / 1000) - 1;
  await database.execute(
    'update session join user using (user_id) set expires_s = :past where username = :erin',
    {
      past,
      erin: 'erin',
    },
  );
  expect((await erin.agent.get('/')).headers.location).toBe('/public');
});

test('extends a session and its cookie at most once an hour', async () => {
  const frank = await user('frank');
  const use = async (afterS: number) => {
    const expires = await age('frank', afterS);
    const cookie = sessionCookie(await frank.agent.get('/'));
    return { cookie, byS: ((await readSessionOf('frank'))?.expires_s ?? 0) - expires };
  };
  expect(await use(30 * 60)).toEqual({ cookie: '', byS: 0 });
  const late = await use(10 * DAY_S);
  expect(late.byS).toBeGreaterThanOrEqual(10 * DAY_S);
  const cookieEnds = Date.parse(/Expires=([^;]+)/.exec(late.cookie)?.[1] ?? '');
  expect(cookieEnds).toBeGreaterThan(Date.now() + 29 * DAY_S * 1000);
});

/** Returns a function that moves the clock of the process, without its timers, to a number of days from now. */
function useClock(): (days: number) => void {
  const startMs = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: startMs });
  onTestFinished(() => void vi.useRealTimers());
  return (days) => vi.setSystemTime(startMs + days * DAY_S * 1000);
}

test('a session expires 180 days after the login, although it is used', async () => {
  const setDay = useClock();
  const loginS = Math.floor(Date.now() / 1000);
  const cookie = sessionCookie(await logIn('judy')).split(';', 1)[0] ?? '';
  const visit = () => request(app).get('/').set('Cookie', cookie);
  for (let day = 25; day <= 175; day += 25) {
    setDay(day);
    expect((await visit()).status).toBe(200);
  }
  // The expiry is 30 days after the last use.
  const row = await readSessionOf('judy');
  expect(Math.abs((row?.expires_s ?? 0) - loginS - (175 + 30) * DAY_S)).toBeLessThan(60);
  setDay(179.9);
  expect((await visit()).status).toBe(200);
  setDay(180.1);
  expect((await visit()).headers.location).toBe('/public');
});

test('does not extend a session of MiniTwit 1.5 or earlier', async () => {
  const setDay = useClock();
  const cookie = await createSessionOfEarlierVersion('karl');
  const visit = () => request(app).get('/').set('Cookie', cookie);
  const before = (await readSessionOf('karl'))?.expires_s;
  setDay(29);
  expect((await visit()).status).toBe(200);
  expect((await readSessionOf('karl'))?.expires_s).toBe(before);
  setDay(31);
  expect((await visit()).headers.location).toBe('/public');
});

test('a login deletes the least recently used of more than 20 sessions of a user', async () => {
  const logins = [];
  for (let login = 0; login < 20; login++) {
    logins.push(sessionCookie(await logIn('liam')).split(';', 1)[0] ?? '');
  }
  const isLoggedIn = async (cookie: string) =>
    (await request(app).get('/').set('Cookie', cookie)).status === 200;
  const [first = '', second = ''] = logins;
  // All sessions are a day old, and the first is used again.
  await database.execute(
    'update session join user using (user_id) set expires_s = expires_s - 86400 where username = :liam',
    { liam: 'liam' },
  );
  expect(await isLoggedIn(first)).toBe(true);
  const id = /s%3A([\w-]{32})/.exec(second)?.[1] ?? '';
  await database.execute('update session set expires_s = expires_s - 1 where session_id = :id', {
    id,
  });
  const last = sessionCookie(await logIn('liam')).split(';', 1)[0] ?? '';
  expect(await isLoggedIn(second)).toBe(false);
  expect(await isLoggedIn(first)).toBe(true);
  expect(await isLoggedIn(last)).toBe(true);
  const rows = await database.select(
    'select 1 from session join user using (user_id) where username = :liam',
    { liam: 'liam' },
  );
  expect(rows).toHaveLength(20);
});

test.each([
  ['forged', (cookie: string) => cookie.replace(/\.[^;]+/, '.forged')],
  [
    'for an unknown session',
    (cookie: string) => cookie.replace(/s%3A[\w-]{32}/, `s%3A${'x'.repeat(32)}`),
  ],
  ['garbage', () => 'session=%zz%00;;; flash=s%3Ax.y; =;='],
  ['an object for some parsers', () => 'session=j%3A%7B%22a%22%3A1%7D; flash=j%3A%5B1%5D'],
  ['unsigned', () => 'session=abc; flash=<b>forged</b>'],
  ['very long', () => `session=${'x'.repeat(4000)}`],
])('ignores a cookie that is %s', async (_what, spoil) => {
  const cookie = sessionCookie(await logIn(`owner ${_what}`)).split(';', 1)[0] ?? '';
  // The server has verified the true cookie.
  const own = await request(app).get('/public').set('Cookie', cookie);
  expect(own.text).toContain('sign out');
  const response = await request(app).get('/public').set('Cookie', spoil(cookie));
  expect(response.status).toBe(200);
  expect(response.text).toContain('sign in');
  expect(response.text).not.toContain('forged');
});

test('accepts the signature of an old secret, and signs with the first one', async () => {
  const cookie = sessionCookie(await logIn('grace'));
  await age('grace', DAY_S);
  const sessionSecrets = ['another secret that has 32 characters', ...testConfig.sessionSecrets];
  const response = await request(withSettings({ sessionSecrets })).get('/').set('Cookie', cookie);
  expect(response.text).toContain('sign out [grace]');
  const renewed = sessionCookie(response);
  expect(renewed.split('.')[0]).toBe(cookie.split('.')[0]);
  expect(renewed.split(';')[0]).not.toBe(cookie.split(';')[0]);
});

test('pages of a user are not stored in any cache', async () => {
  const heidi = await user('heidi');
  const response = await heidi.get('/');
  expect(response.headers['cache-control']).toBe('private, no-store');
  expect(response.headers.vary).toContain('Cookie');
});
