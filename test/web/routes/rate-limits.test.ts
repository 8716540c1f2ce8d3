import { hash } from 'bcryptjs';
import type { RequestListener } from 'node:http';
import request from 'supertest';
import { expect, test } from 'vitest';
import { testLimits, useMiniTwit, type Visitor } from '../../support/minitwit.ts';

const { database, limitsStore, withSettings, visitor, user } = useMiniTwit();
const rateLimits = {
  ...testLimits,
  loginsPerName: 3,
  loginsPerNameAnywhere: 8,
  loginsPerAddress: 6,
  registrationsPerAddress: 2,
  postsPerUser: 2,
  followsPerUser: 3,
  pagesPerUser: 3,
  pagesPerAddress: 2,
};
const one = withSettings({ rateLimits, trustProxy: 1 });
const other = withSettings({ rateLimits, trustProxy: 1 });
const right = (username: string) => ({ username, password: 'a password' });
const wrong = (username: string) => ({ username, password: 'wrong-secret' });

/** Sends a form through a load balancer from a client address. */
function post(
  instance: RequestListener,
  path: string,
  form: Record<string, string>,
  address: string,
) {
  return request(instance).post(path).set('X-Forwarded-For', address).type('form').send(form);
}

/** Logs in from a client address, with the cookies of a visitor. */
function logIn({ agent }: Visitor, form: Record<string, string>, address: string) {
  return agent.post('/login').set('X-Forwarded-For', address).type('form').send(form);
}

test('returns 429 after failed logins under a username from one address, at every instance', async () => {
  await user('alice');
  for (const instance of [one, other, one]) {
    const { text } = await post(instance, '/login', wrong('alice'), '192.0.2.1');
    expect(text).toContain('Invalid password');
  }
  for (const instance of [one, other]) {
    const response = await post(instance, '/login', right('alice'), '192.0.2.1:40001');
    expect(response.status).toBe(429);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(14 * 60);
    expect(response.text).toContain('Too many failed logins under this name');
    expect(response.text).toContain('value="alice"');
    expect(response.text).not.toContain('a password');
  }
  expect((await post(other, '/login', right('alice'), '192.0.2.2')).status).toBe(302);
});

test('failed logins from many addresses lock a username, but not for a known device', async () => {
  await user('olivia');
  const laptop = visitor(one);
  await logIn(laptop, right('olivia'), '192.0.2.20');
  await laptop.logout();
  for (let guess = 0; guess < 20; guess++) {
    await post(one, '/login', wrong('olivia'), `198.51.100.${guess}`);
  }
  expect((await post(one, '/login', right('olivia'), '192.0.2.21')).status).toBe(429);
  expect((await logIn(laptop, wrong('olivia'), '192.0.2.20')).text).toContain('Invalid password');
  expect((await logIn(laptop, right('olivia'), '192.0.2.20')).status).toBe(302);
});

test('a login from a known device does not wait for the parallel logins of anonymouss', async () => {
  await user('nora');
  const tablet = visitor(one);
  await logIn(tablet, right('nora'), '192.0.2.70');
  await tablet.logout();
  // The logins take long enough to fill the queue of the account.
  const slow = await hash('a password', 9);
  await database.execute("update user set pw_hash = :slow where username = 'nora'", { slow });
  const patient = withSettings({ rateLimits: testLimits, trustProxy: 1 });
  const guesses = Array.from({ length: 40 }, (_, index) =>
    post(patient, '/login', wrong('nora'), `198.51.100.${100 + index}`),
  );
  const logins = await Promise.all([...guesses, logIn(tablet, right('nora'), '192.0.2.70')]);
  const statuses = logins.map(({ status }) => status);
  expect(statuses.pop()).toBe(302);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
});

test('limits the failed logins of a known device, which is known under one username only', async () => {
  await user('peter');
  await user('paula');
  const phone = visitor(one);
  await logIn(phone, right('peter'), '192.0.2.22');
  await phone.logout();
  for (let guess = 0; guess < 3; guess++) {
    expect((await logIn(phone, wrong('peter'), `192.0.2.${30 + guess}`)).status).toBe(200);
  }
  expect((await logIn(phone, right('peter'), '192.0.2.33')).status).toBe(429);
  // Under another username, the device is not known.
  for (let guess = 0; guess < 8; guess++) {
    expect((await logIn(phone, wrong('paula'), `192.0.2.${40 + guess}`)).status).toBe(200);
  }
  expect((await logIn(phone, right('paula'), '192.0.2.50')).status).toBe(429);
});

test.each([
  ['forged', (cookie: string) => `${cookie.slice(0, -2)}xx`],
  ['signed for another device id', (cookie: string) => cookie.replace(/=.{4}/, '=AAAA')],
  ['cut', (cookie: string) => cookie.slice(0, -3)],
  ['a session cookie', () => 'device=s%3Axxx.yyy'],
])('does not accept a device cookie that is %s', async (what, spoil) => {
  const username = `quinn ${what}`;
  await user(username);
  const response = await post(one, '/login', right(username), '192.0.2.60');
  const cookies = response.headers['set-cookie'] as unknown as string[];
  const line = cookies.find((each) => each.startsWith('device=')) ?? '';
  expect(line).toMatch(
    /^device=[\w-]{16}\.[\w-]{43}; Max-Age=31536000; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  );
  const cookie = line.split(';', 1)[0] ?? '';
  for (let guess = 0; guess < 8; guess++) {
    await post(one, '/login', wrong(username), `203.0.113.${guess}`);
  }
  const withCookie = (value: string) =>
    post(one, '/login', right(username), '192.0.2.61').set('Cookie', value);
  expect((await withCookie(spoil(cookie))).status).toBe(429);
  expect((await withCookie(cookie)).status).toBe(302);
});

test('a device is known after a rotation of the secrets', async () => {
  await user('ruth');
  const response = await post(one, '/login', right('ruth'), '192.0.2.62');
  const cookies = response.headers['set-cookie'] as unknown as string[];
  const cookie = cookies.find((each) => each.startsWith('device='))?.split(';', 1)[0] ?? '';
  for (let guess = 0; guess < 8; guess++) {
    await post(one, '/login', wrong('ruth'), `203.0.113.${100 + guess}`);
  }
  const old = 'a secret of the tests with 32 characters or more';
  const login = (secrets: string[]) =>
    post(
      withSettings({ rateLimits, trustProxy: 1, sessionSecrets: secrets }),
      '/login',
      right('ruth'),
      '192.0.2.63',
    ).set('Cookie', cookie);
  expect((await login(['n'.repeat(32)])).status).toBe(429);
  expect((await login(['n'.repeat(32), old])).status).toBe(302);
});

test('successful logins do not count as failed logins', async () => {
  await user('bob');
  for (let login = 0; login < 10; login++) {
    expect((await post(one, '/login', right('bob'), '192.0.2.3')).status).toBe(302);
  }
});

test('returns 429 after too many successful logins', async () => {
  await user('sam');
  const strict = withSettings({
    rateLimits: { ...rateLimits, allLoginsPerName: 3, allLoginsPerAddress: 5 },
    trustProxy: 1,
  });
  const logins = await Promise.all(
    Array.from({ length: 3 }, () => post(strict, '/login', right('sam'), '192.0.2.64')),
  );
  expect(logins.map(({ status }) => status)).toEqual([302, 302, 302]);
  const refused = await post(strict, '/login', right('sam'), '192.0.2.64');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(9 * 60);
  expect(refused.text).toContain('Too many logins under this name.');
});

test('logins that fail with 503 do not count', async () => {
  await user('grace');
  const login = () => post(one, '/login', right('grace'), '192.0.2.7');
  await database.execute('alter table user rename to away');
  for (let attempt = 0; attempt < 5; attempt++) expect((await login()).status).toBe(503);
  await database.execute('alter table away rename to user');
  expect((await login()).status).toBe(302);
});

test('registrations that fail with 503 do not count', async () => {
  const register = () =>
    post(
      one,
      '/register',
      { username: 'heidi', email: 'a@b.c', password: 'p', password2: 'p' },
      '192.0.2.8',
    );
  await database.execute('alter table user rename to away');
  for (let attempt = 0; attempt < 5; attempt++) expect((await register()).status).toBe(503);
  await database.execute('alter table away rename to user');
  expect((await register()).status).toBe(302);
});

test('returns 503 with the input if the limits cannot be counted', async () => {
  await user('tina');
  const tina = visitor(one);
  await logIn(tina, right('tina'), '192.0.2.65');
  const form = { username: 'uwe', email: 'uwe@example.com', password: 'p', password2: 'p' };
  await limitsStore.fail();
  const login = await post(one, '/login', right('tina'), '192.0.2.65');
  const guess = await post(one, '/login', wrong('tina'), '192.0.2.65');
  const registration = await post(one, '/register', form, '192.0.2.65');
  const message = await tina.addMessage('what I wrote');
  const follow = await tina.post('/tina/follow');
  await limitsStore.recover();
  for (const { status, headers } of [login, guess, registration, message, follow]) {
    expect(status).toBe(503);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }
  expect(login.text).toContain('value="tina"');
  expect(login.headers['set-cookie']).toBeUndefined();
  expect(guess.text).not.toContain('Invalid password');
  expect(registration.text).toContain('value="uwe@example.com"');
  expect(message.text).toMatch(/what I wrote<\/textarea>/);
  expect((await tina.get('/tina')).text).not.toContain('what I wrote');
  expect((await tina.get('/uwe')).status).toBe(404);
});

test('verifies no password beyond the limit while the database is busy', async () => {
  await user('zoe');
  const crowd = Promise.all(Array.from({ length: 200 }, () => request(one).get('/readyz')));
  const guesses = await Promise.all(
    Array.from({ length: 100 }, () => post(one, '/login', wrong('zoe'), '192.0.2.70')),
  );
  await crowd;
  const verified = guesses.filter(({ text }) => text.includes('Invalid password'));
  expect(verified.length).toBeLessThanOrEqual(3);
  const others = guesses.filter((guess) => !verified.includes(guess));
  expect(others.filter(({ status }) => status !== 429 && status !== 503)).toEqual([]);
});

test('returns 429 after failed logins from one address, as the load balancer reports it', async () => {
  const guess = (name: number, address: string) =>
    post(other, '/login', { username: `user ${name}`, password: 'x' }, address);
  for (let name = 0; name < 6; name++) {
    // Some load balancers append the client's port.
    expect((await guess(name, `198.51.100.${name}, 192.0.2.4:${40_000 + name}`)).status).toBe(200);
  }
  const refused = await guess(6, '198.51.100.6, 192.0.2.4:41000');
  expect(refused.status).toBe(429);
  expect(refused.text).toContain('Too many failed logins from where you are');
  expect((await guess(7, '192.0.2.5')).status).toBe(200);
});

test('returns 429 with the input after too many registrations from one address, and does not count invalid forms', async () => {
  const form = (name: string) => ({
    username: name,
    email: 'a@b.c',
    password: 'p',
    password2: 'p',
  });
  const register = (name: string, more = {}) =>
    post(one, '/register', { ...form(name), ...more }, '192.0.2.6');
  for (const name of ['1', '2', '3']) await register(name, { password2: 'q' });
  expect((await register('carol')).status).toBe(302);
  expect((await register('dave')).status).toBe(302);
  const { status, headers, text } = await register('erin');
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(text).toContain('Too many people signed up from where you are');
  expect(text).toContain('value="erin"');
  expect(text).toContain('value="a@b.c"');
});

test('returns 429 with the message in the post box after too many posts', async () => {
  await user('frank');
  const frank = visitor(one);
  await frank.login('frank', 'a password');
  await frank.addMessage('first');
  await frank.addMessage('second');
  const { status, headers, text } = await frank.addMessage('third');
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(text).toContain('You have posted a lot.');
  expect(text).toMatch(/third<\/textarea>/);
  expect(text).toContain('second');
  expect((await frank.get('/frank')).text).not.toContain('third');
});

test('returns 429 after too many follows and unfollows', async () => {
  await user('victor');
  await user('wanda');
  const wanda = visitor(one);
  await wanda.login('wanda', 'a password');
  await wanda.agent.post('/victor/follow');
  await wanda.agent.post('/victor/unfollow');
  await wanda.agent.get('/victor/follow');
  for (const act of ['post', 'get'] as const) {
    const { status, headers, text } = await wanda.agent[act]('/victor/unfollow');
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(4 * 60);
    expect(text).toContain(
      'You have followed, blocked or muted a lot. Please try again in 5 minutes.',
    );
  }
  expect((await wanda.get('/victor')).text).toContain('You are currently following this user');
});

test('returns 429 after too many older and newer pages, and serves the newest pages', async () => {
  await user('xenia');
  const xenia = visitor(one);
  await xenia.login('xenia', 'a password');
  const anonymous = visitor(one);
  for (const path of ['/?before=9', '/public?after=1', '/xenia?before=9']) {
    expect((await xenia.get(path)).status).toBe(200);
  }
  for (const path of ['/public?before=9', '/xenia?after=1']) {
    expect((await anonymous.get(path)).status).toBe(200);
  }
  const refused = [
    await xenia.get('/?before=9'),
    await xenia.get('/public?before=9'),
    await anonymous.get('/xenia?before=9'),
  ];
  for (const { status, headers, text } of refused) {
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(4 * 60);
    expect(text).toContain('Too many requests');
  }
  expect((await xenia.get('/')).status).toBe(200);
  expect((await anonymous.get('/public')).status).toBe(200);
  expect((await anonymous.get('/xenia?before=x')).status).toBe(400);
});

test('limits nothing with RATE_LIMITS=off', async () => {
  await user('yara');
  const off = visitor(withSettings({ rateLimits: null }));
  for (let guess = 0; guess < 20; guess++) {
    expect((await off.login('yara', 'wrong')).status).toBe(200);
  }
  await off.login('yara', 'a password');
  for (let page = 0; page < 20; page++) expect((await off.get('/?before=9')).status).toBe(200);
});
