import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { NEW_PASSWORD_ERRORS } from '../../../../src/web/forms/new-password.ts';
import { captureLog } from '../../../support/capture-log.ts';
import { testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { app, visitor, user, withSettings, repositories, database } = useMiniTwit();

function change(
  { post }: Visitor,
  {
    current = 'a password',
    password = 'another one',
    password2 = password,
  }: { current?: string; password?: string; password2?: string } = {},
) {
  return post('/settings/password', { current_password: current, password, password2 });
}

async function isSignedIn({ agent }: Visitor): Promise<boolean> {
  return (await agent.get('/settings')).status === 200;
}

/** Returns the session cookie of a response. */
function sessionCookie({ headers }: { headers: Record<string, unknown> }): string {
  const cookies = (headers['set-cookie'] ?? []) as string[];
  return cookies.find((cookie) => cookie.startsWith('session='))?.split(';', 1)[0] ?? '';
}

describe('a change of the password', () => {
  test('ends all other sessions, and the new password counts', async () => {
    const alice = await user('alice');
    const elsewhere = visitor();
    await elsewhere.login('alice', 'a password');
    const bob = await user('bob');
    const { text } = await change(alice);
    expect(text).toContain('Your password was changed, and all other sessions were ended');
    expect(text).toContain('<h1>Settings</h1>');
    expect(await isSignedIn(alice)).toBe(true);
    expect(await isSignedIn(elsewhere)).toBe(false);
    expect(await isSignedIn(bob)).toBe(true);
    expect((await visitor().login('alice', 'a password')).text).toContain('Invalid password');
    expect((await visitor().login('alice', 'another one')).text).toContain('You were logged in');
  });

  test('replaces the session of this browser', async () => {
    await user('carol');
    const form = { username: 'carol', password: 'a password' };
    const old = sessionCookie(await request(app).post('/login').type('form').send(form));
    const changed = await request(app)
      .post('/settings/password')
      .set('Cookie', old)
      .type('form')
      .send({ current_password: 'a password', password: 'next', password2: 'next' });
    expect(changed.headers.location).toBe('/settings');
    expect(sessionCookie(changed)).toMatch(/^session=s/);
    const status = async (cookie: string) =>
      (await request(app).get('/settings').set('Cookie', cookie)).status;
    expect(await status(old)).toBe(401);
    expect(await status(sessionCookie(changed))).toBe(200);
  });

  test.each([
    ['a wrong current password', { current: 'wrong' }, 'current_password', 'Invalid password'],
    ['no current password', { current: '' }, 'current_password', 'Invalid password'],
    ['no password', { password: '' }, 'password', NEW_PASSWORD_ERRORS.missingPassword],
    ['two passwords', { password2: 'x' }, 'password2', NEW_PASSWORD_ERRORS.differentPasswords],
    [
      'a long password',
      { password: 'é'.repeat(257) },
      'password',
      NEW_PASSWORD_ERRORS.longPassword,
    ],
  ])('refuses %s beside the field, and changes nothing', async (what, form, field, message) => {
    const dave = await user(what);
    const elsewhere = visitor();
    await elsewhere.login(what, 'a password');
    const { status, text } = await change(dave, form);
    expect(status).toBe(200);
    expect(text).toContain('<title>Error: Change Password | MiniTwit</title>');
    expect(text).toContain(
      `<span class="error" id="${field}-error" role="alert"><strong>Error:</strong> ${message}`,
    );
    expect(text).not.toMatch(/value="(?:a password|another one|wrong)"/);
    expect(await isSignedIn(elsewhere)).toBe(true);
    expect((await visitor().login(what, 'a password')).text).toContain('You were logged in');
  });

  test('refuses a common, guessable or short password if the settings require it', async () => {
    await user('erin');
    const erin = visitor(withSettings({ passwordMinLength: 8, refuseGuessablePasswords: true }));
    await erin.login('erin', 'a password');
    for (const [password, message] of [
      ['Password1', NEW_PASSWORD_ERRORS.commonPassword],
      ['Erin2026', NEW_PASSWORD_ERRORS.guessablePassword],
      ['someone@example.com1', NEW_PASSWORD_ERRORS.guessablePassword],
      ['short', NEW_PASSWORD_ERRORS.shortPassword(8)],
    ] as const) {
      expect((await change(erin, { password })).text).toContain(message);
    }
  });

  test('only one of two concurrent changes succeeds', async () => {
    const frank = await user('frank');
    const answers = await Promise.all([
      change(frank, { password: 'first one' }),
      change(frank, { password: 'second one' }),
    ]);
    const changed = answers.map(({ text }) => text.includes('Your password was changed, and'));
    expect(changed.filter(Boolean)).toHaveLength(1);
    const password = changed[0] ? 'first one' : 'second one';
    expect((await visitor().login('frank', password)).text).toContain('You were logged in');
  });

  test('leaves no session of concurrent logins with the old password', async () => {
    const gina = await user('gina');
    const logins = Array.from({ length: 6 }, () => visitor());
    const answers = Promise.all(logins.map((login) => login.login('gina', 'a password')));
    const { text } = await change(gina);
    expect(text).toContain('Your password was changed');
    await answers;
    expect(await Promise.all(logins.map(isSignedIn))).toEqual(logins.map(() => false));
  });
});

test('needs a login, and the form of the same user', async () => {
  expect((await change(visitor())).status).toBe(401);
  expect((await visitor().get('/settings/password')).status).toBe(401);
  const hana = await user('hana');
  const form = { current_password: 'a password', password: 'x', password2: 'x' };
  const { status } = await hana.post('/settings/password', { ...form, signed_in_as: 'ivan' });
  expect(status).toBe(409);
  expect((await visitor().login('hana', 'a password')).text).toContain('You were logged in');
});

test('returns 429 after wrong passwords, which count as failed logins', async () => {
  await user('jack');
  const rateLimits = { ...testLimits, loginsPerName: 3 };
  const limited = withSettings({ rateLimits, trustProxy: 1 });
  const jack = visitor(limited);
  await jack.login('jack', 'a password');
  for (let guess = 0; guess < 3; guess++) {
    expect((await change(jack, { current: 'guess' })).text).toContain('Invalid password');
  }
  const { status, headers, text } = await change(jack);
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(text).toContain('Too many failed logins under this name');
  await jack.logout();
  expect((await jack.login('jack', 'a password')).status).toBe(429);
});

test('returns 503 and changes nothing if the limits cannot be counted', async () => {
  await user('kim');
  const kim = visitor(withSettings({ rateLimits: testLimits, trustProxy: 1 }));
  await kim.login('kim', 'a password');
  await database.execute('alter table rate_limit rename to away');
  const { status } = await change(kim);
  await database.execute('alter table away rename to rate_limit');
  expect(status).toBe(503);
  expect((await visitor().login('kim', 'a password')).text).toContain('You were logged in');
});

test('logs the change, and a wrong current password', async () => {
  await user('lena');
  const { logger, lines } = captureLog();
  const lena = visitor(withSettings({}, logger));
  await lena.login('lena', 'a password');
  const before = lines.length;
  await change(lena, { current: 'a guess' });
  await change(lena);
  const events = lines
    .slice(before)
    .map((line) => JSON.parse(line) as { event?: string; userId?: number; reason?: string })
    .filter(({ event }) => event !== undefined)
    .map(({ event, userId, reason }) => ({ event, userId, reason }));
  const userId = (await repositories.users.findUser('lena'))?.userId;
  expect(events).toEqual([
    { event: 'login_failed', userId, reason: 'wrong_password' },
    { event: 'password_changed', userId },
  ]);
  expect(lines.join('')).not.toMatch(/a guess|another one/);
});
