import type { RequestListener } from 'node:http';
import request from 'supertest';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { createLink, linkPath } from '../../src/repositories/links.ts';
import { EMAIL_ERRORS } from '../../src/web/forms/email.ts';
import { REGISTRATION_ERRORS } from '../../src/web/forms/registration.ts';
import { USERNAME_ERRORS } from '../../src/web/forms/username.ts';
import type { Visitor } from './minitwit.ts';

const CREDENTIAL = {
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: {
    clientDataJSON: 'AAAA',
    attestationObject: 'AAAA',
    authenticatorData: 'AAAA',
    signature: 'AAAA',
  },
};

/** Credentials that no browser sends. */
const BAD_CREDENTIALS = [
  '',
  'x',
  'null',
  '[]',
  '"x"',
  '{}',
  '{"__proto__": {"id": "x"}}',
  JSON.stringify(CREDENTIAL),
  JSON.stringify({ ...CREDENTIAL, id: { length: 1 } }),
  JSON.stringify({ ...CREDENTIAL, id: 'A'.repeat(5000) }),
  JSON.stringify({ ...CREDENTIAL, id: "' or 1=1 --" }),
  JSON.stringify({ ...CREDENTIAL, response: [] }),
  JSON.stringify({ ...CREDENTIAL, response: { ...CREDENTIAL.response, signature: 7 } }),
  JSON.stringify({ ...CREDENTIAL, response: { ...CREDENTIAL.response, transports: 'usb' } }),
  '{"id":'.repeat(1500),
  '['.repeat(8000),
];

/** The MiniTwit under attack: an application, or the URL of one. */
export interface Target {
  origin: () => RequestListener | string;
  /** Returns its database. */
  database: () => Database;
  visitor: () => Visitor;
  /** Returns a registered user who is logged in. */
  user: (username: string) => Promise<Visitor>;
}

/** Declares tests that send input that no form of MiniTwit sends, and expect an error page. */
export function testBadInput({ origin, database, visitor, user }: Target): void {
  let alice: Visitor;
  /** A user whose login needs a code after the password. */
  let tess: Visitor;
  /** The path of a link that resets a password. */
  let resetPath: string;
  let stored: string;

  beforeAll(async () => {
    alice = await user('alice');
    await alice.addMessage('the only message');
    await user('victim');
    await database().execute("update user set is_moderator = true where username = 'alice'");
    tess = await user('tess');
    await database().execute(
      `insert into totp (user_id, secret) select user_id, 'sealed' from user where username = 'tess'`,
    );
    resetPath = await database().transact(async (transaction) => {
      const [row] = await transaction.select<{ userId: number }>(
        `select user_id as userId from user where username = 'alice'`,
      );
      const link = { userId: row?.userId ?? 0, purpose: 'reset', email: '' } as const;
      return linkPath('reset', await createLink(transaction, link));
    });
    stored = await readTables();
  });

  // No test changes the stored data.
  afterEach(async () => {
    expect(await readTables()).toBe(stored);
  });

  async function readTables(): Promise<string> {
    const tables = await Promise.all([
      database().select('select username, email from user order by user_id'),
      database().select('select author_id, text from message order by message_id'),
      database().select('select who_id, whom_id from follower'),
      database().select(
        'select who_id, whom_id from block union all select who_id, whom_id from mute',
      ),
      database().select('select reporter_id, closed_s from report'),
      database().select('select action from audit'),
      database().select('select user_id from session'),
      database().select('select user_id, secret, last_step from totp'),
      database().select('select user_id from recovery_code'),
      database().select('select user_id, counter from passkey'),
      database().select('select token_hash from link'),
      database().select('select recipient from mail'),
      database().select('select email from reset_request'),
    ]);
    return JSON.stringify(tables);
  }

  function postRaw(path: string, body: string, type = 'application/x-www-form-urlencoded') {
    return alice.agent.post(path).set('Content-Type', type).send(body);
  }

  function registerRaw(body: string) {
    return request(origin())
      .post('/register')
      .set('Content-Type', 'application/x-www-form-urlencoded')
      .send(body);
  }

  describe('missing, repeated and nested fields', () => {
    test.each([
      ['', USERNAME_ERRORS.missing],
      ['username=bob', 'You have to enter a valid email address'],
      ['username=bob&email=b@c', 'You have to enter a password'],
      ['username=bob&email=b@c&password=a+password', 'The two passwords do not match'],
      ['username[name]=bob&email=b@c&password=x&password2=x', USERNAME_ERRORS.missing],
      ['user%00name=bob', USERNAME_ERRORS.missing],
      ['__proto__[username]=bob&constructor=x', USERNAME_ERRORS.missing],
    ])('/register returns an error for the body %s', async (body, message) => {
      const { status, text } = await registerRaw(body);
      expect(status).toBe(200);
      expect(text).toContain(message);
    });

    test('/login returns an error without a username or a password', async () => {
      const login = (body: string) =>
        request(origin())
          .post('/login')
          .set('Content-Type', 'application/x-www-form-urlencoded')
          .send(body);
      expect((await login('')).text).toContain('Invalid username');
      expect((await login('username=alice')).text).toContain('Invalid password');
    });

    test.each([
      ['/register', 'username=a&username=b&email=b@c&password=x&password2=x', 'username'],
      ['/register', 'username=bob&email=b@c&password=x&password=y&password2=x', 'password'],
      ['/login', 'username=alice&password=x&password=y', 'password'],
      ['/settings/password', 'current_password=a+password&password=x&password=y', 'password'],
      ['/settings/password', 'current_password=x&current_password=y', 'current_password'],
      ['/settings/end_other_sessions', 'current_password=&current_password=', 'current_password'],
      ['/settings/delete_account', 'current_password=x&current_password=a', 'current_password'],
      ['/settings/export', 'current_password=&current_password=', 'current_password'],
      ['/settings/email', 'current_password=a+password&email=a@b&email=c@d', 'email'],
      ['/forgot_password', 'email=a@b&email=c@d', 'email'],
      ['/reset_password', 'password=x&password=y', 'password'],
      ['/login/code', 'code=1&code=2', 'code'],
      ['/login/passkey', 'credential=x&credential=y', 'credential'],
      ['/settings/passkeys/add', 'name=x&name=y', 'name'],
      ['/settings/passkeys/create', 'name=x&credential=x&credential=y', 'credential'],
      ['/login/code', 'pending_login=x&pending_login=y', 'pending_login'],
      ['/settings/two_factor', 'secret=x&secret=y', 'secret'],
      ['/settings/two_factor', 'secret=x&code=1&code=2', 'code'],
      ['/report/user/victim', 'reason=spam&reason=other', 'reason'],
      ['/report/user/victim', 'reason=spam&text=a&text=b', 'text'],
      ['/moderation/suspend/victim', 'reason=a&reason=b&duration=1', 'reason'],
      ['/moderation/suspend/victim', 'reason=a&duration=1&duration=7', 'duration'],
      ['/moderation/suspend/victim', 'reason=a&duration=1&seen=0&seen=1', 'seen'],
    ])('%s returns 400 for the body %s', async (path, body, field) => {
      const agent = /settings|report|moderation/.test(path) ? alice.agent : request(origin());
      const url = path === '/reset_password' ? resetPath : path;
      const response = await agent.post(url).type('form').send(body);
      expectErrorPage(response, 400);
      expect(response.text).toContain(`“${field}”`);
    });

    test.each([
      ['/settings/password', '', 'You have to enter a password'],
      ['/settings/password', 'password=another+one&password2=another+one', 'Invalid password'],
      [
        '/settings/password',
        'current_password[]=a+password&password=another+one&password2=another+one',
        'Invalid password',
      ],
      ['/forgot_password', '', EMAIL_ERRORS.invalidEmail],
      ['/forgot_password', 'email[]=a@b', EMAIL_ERRORS.invalidEmail],
      ['/forgot_password', 'email=a%00@b', EMAIL_ERRORS.invalidEmail],
      ['/forgot_password', 'email=a@b%0aBcc:c@d', EMAIL_ERRORS.invalidEmail],
      ['/forgot_password', `email=${'x'.repeat(20_000)}@b`, EMAIL_ERRORS.invalidEmail],
      ['/settings/email', '', EMAIL_ERRORS.invalidEmail],
      ['/settings/email', 'email=a@b', 'Invalid password'],
      ['/settings/email', 'email=a@b%0d%0aBcc:c@d&current_password=x', EMAIL_ERRORS.invalidEmail],
      ['/reset_password', '', 'You have to enter a password'],
      ['/reset_password', 'password[]=x&password2[]=x', 'You have to enter a password'],
      ['/settings/end_other_sessions', '', 'Invalid password'],
      ['/settings/end_other_sessions', 'password=a+password', 'Invalid password'],
      ['/report/user/victim', '', 'You have to choose a reason.'],
      ['/report/user/victim', 'reason[]=spam', 'You have to choose a reason.'],
      ['/report/user/victim', 'reason=__proto__', 'You have to choose a reason.'],
      [
        '/report/user/victim',
        `reason=spam&text=${'x'.repeat(20_000)}`,
        'Your text can have at most',
      ],
      ['/moderation/suspend/victim', '', 'You have to choose a duration.'],
      ['/moderation/suspend/victim', 'duration=1&reason=%00%07', 'You have to enter a reason.'],
      ['/moderation/suspend/victim', 'reason=a', 'You have to choose a duration.'],
      ['/moderation/suspend/victim', 'reason=a&duration=8', 'You have to choose a duration.'],
      [
        '/moderation/suspend/victim',
        'reason=a&duration=constructor',
        'You have to choose a duration.',
      ],
      ['/settings/delete_account', '', 'Invalid password'],
      ['/settings/delete_account', 'current_password[]=a+password', 'Invalid password'],
      ['/settings/export', '', 'Invalid password'],
      ['/settings/export', 'current_password[]=a+password', 'Invalid password'],
    ])('%s returns an error for the body “%.50s”', async (path, body, message) => {
      const url = path === '/reset_password' ? resetPath : path;
      const { status, text } = await postRaw(url, body);
      expect(status).toBe(200);
      expect(text).toContain(`<strong>Error:</strong> ${message}`);
    });

    test.each([
      ['', 'This page was open for too long'],
      ['secret[]=x&code[]=1', 'This page was open for too long'],
      [`secret=${'x'.repeat(20_000)}&code=${'1'.repeat(10_000)}`, 'open for too long'],
      ['secret=%00%FF&code=%00', 'open for too long'],
    ])('/settings/two_factor returns an error for the body “%.50s”', async (body, message) => {
      const { status, text } = await postRaw('/settings/two_factor', body);
      expect(status).toBe(200);
      expect(text).toContain(message);
      expect(text).not.toContain('xxxx');
    });

    test.each(['', 'pending_login[]=x', 'code=123456', `pending_login=${'x'.repeat(20_000)}`])(
      '/login/code returns the login page for the body “%.50s”',
      async (body) => {
        const { status, text } = await request(origin())
          .post('/login/code')
          .type('form')
          .send(body);
        expect(status).toBe(200);
        expect(text).toContain('Your sign-in has expired');
      },
    );

    test.each(BAD_CREDENTIALS)('refuses the credential %.60s', async (credential) => {
      const { status, text } = await visitor().post('/login/passkey', { credential });
      expect(status).toBe(200);
      expect(text).toContain('MiniTwit did not accept this passkey');
      const created = await alice.post('/settings/passkeys/create', { name: 'x', credential });
      expectErrorPage(created, 400);
      expect(created.text).toContain('MiniTwit did not accept this passkey');
    });

    test.each([
      ['', 'You have to enter a name'],
      ['name[]=x', 'You have to enter a name'],
      ['name=%00%E2%80%8B', 'You have to enter a name'],
      [`name=${'x'.repeat(20_000)}`, 'The name can have at most 64 characters.'],
      ['name=x', 'Invalid password'],
      [`name=x&current_password=${'x'.repeat(20_000)}`, 'Invalid password'],
    ])('/settings/passkeys/add returns an error for the body “%.50s”', async (body, message) => {
      const { status, text } = await postRaw('/settings/passkeys/add', body);
      expect(status).toBe(200);
      expect(text).toContain(`<strong>Error:</strong> ${message}`);
    });

    test.each(['turn_off', 'recovery_codes'])(
      '/settings/two_factor/%s needs the password and codes that are on',
      async (path) => {
        for (const current of ['', 'wrong', 'x'.repeat(20_000)]) {
          const form = { current_password: current };
          const { text } = await tess.post(`/settings/two_factor/${path}`, form);
          expect(text).toContain('Invalid password');
        }
        const twice = 'current_password=x&current_password=y';
        const sent = tess.agent.post(`/settings/two_factor/${path}`).type('form').send(twice);
        expectErrorPage(await sent, 400);
        expectErrorPage(await alice.post(`/settings/two_factor/${path}`), 409);
      },
    );

    test.each(['', 'message=hello', 'text[]=hello', 'text=a&text=b'])(
      '/add_message returns 400 for the body “%s”',
      async (body) => {
        const response = await postRaw('/add_message', body);
        expectErrorPage(response, 400);
        expect(response.text).toContain('“text”');
      },
    );

    test.each(['', '&seen=x', '&seen=-1', '&seen=1e0', '&seen[]=0'])(
      'a decision returns 409 for the body “reason=a&duration=1%s”',
      async (seen) => {
        const path = '/moderation/suspend/victim';
        const { status, text } = await postRaw(path, `reason=a&duration=1${seen}`);
        expect(status).toBe(409);
        expect(text).toContain('Nothing was changed');
      },
    );

    test('returns 415 for a body that is not a form', async () => {
      for (const type of [
        'application/json',
        'text/plain',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded; charset=utf-7',
        'nonsense',
      ]) {
        expectErrorPage(await postRaw('/add_message', 'text=x', type), 415);
      }
      const gzip = alice.agent
        .post('/add_message')
        .type('form')
        .set('Content-Encoding', 'gzip')
        .send('text=x');
      expectErrorPage(await gzip, 400);
      const registration = await request(origin()).post('/register').send({ username: 'bob' });
      expectErrorPage(registration, 415);
      expect(registration.headers['accept-post']).toBe('application/x-www-form-urlencoded');
    });

    test.each([51, 2000])('returns 413 for %i fields', async (count) => {
      const response = await postRaw('/add_message', `text=hi${'&a=b'.repeat(count - 1)}`);
      expectErrorPage(response, 413);
      expect(response.text).toContain('This form has more fields than any form of MiniTwit');
      expect(response.text).not.toContain('280 characters');
    });
  });

  describe('large inputs', () => {
    test.each([
      '/add_message',
      '/login',
      '/register',
      '/logout',
      '/settings/password',
      '/settings/end_other_sessions',
      '/settings/delete_account',
      '/settings/export',
      '/settings/email',
      '/forgot_password',
      '/reset_password/x',
      '/confirm_email/x',
      '/settings/two_factor',
      '/settings/two_factor/turn_off',
      '/settings/two_factor/recovery_codes',
      '/login/code',
      '/login/passkey',
      '/settings/passkeys/add',
      '/settings/passkeys/create',
      '/settings/passkeys/remove/x',
      '/report/user/victim',
      '/moderation/suspend/victim',
      '/victim/block',
      '/victim/mute',
    ])('%s returns 413 for a body of more than 32 KiB', async (path) => {
      const { agent } = /add_message|settings|report|moderation|victim/.test(path)
        ? alice
        : visitor();
      expectErrorPage(
        await agent
          .post(path)
          .type('form')
          .send({ text: 'x'.repeat(32_768) }),
        413,
      );
    });

    test('the box retains a text of 281 characters', async () => {
      const text = `${'👍🏽'.repeat(280)}!`;
      const response = await alice.addMessage(text);
      expect(response.status).toBe(200);
      expect(response.text).toContain('Your message has 281 characters');
      expect(response.text).toContain(`${text}</textarea>`);
    });

    test('refuses a message with too many accents on one letter', async () => {
      const response = await alice.addMessage(`e${'\u0301'.repeat(3000)}`);
      expect(response.text).toContain('Your message has 3001 code points');
    });
  });

  describe('invalid usernames, email addresses and passwords', () => {
    test.each([
      ['', USERNAME_ERRORS.missing],
      [' \u200b\u3164', USERNAME_ERRORS.missing],
      ['x'.repeat(65), USERNAME_ERRORS.long],
      ['a/b', USERNAME_ERRORS.slash],
      ['a\u0000b', USERNAME_ERRORS.invisible],
      ['a\u202eb', USERNAME_ERRORS.invisible],
      ['\u00a0bob', USERNAME_ERRORS.outerSpace],
      ['bob\t', USERNAME_ERRORS.outerSpace],
      ['..', USERNAME_ERRORS.reserved],
      ['Static', USERNAME_ERRORS.reserved],
    ])('refuses the username %j', async (username, message) => {
      const { status, text } = await visitor().register(username, 'pw');
      expect(status).toBe(200);
      expect(text).toContain(message);
    });

    test('refuses an email address of more than 254 characters', async () => {
      const { text } = await visitor().register('bob', 'pw', { email: `${'x'.repeat(251)}@b.c` });
      expect(text).toContain(REGISTRATION_ERRORS.longEmail);
    });

    test('refuses a password of more than 256 characters', async () => {
      const { text } = await visitor().register('bob', 'é'.repeat(257));
      expect(text).toContain(REGISTRATION_ERRORS.longPassword);
      expect((await visitor().login('alice', 'x'.repeat(20_000))).text).toContain(
        'Invalid password',
      );
    });

    test('refuses a new or current password of more than 256 characters in the settings', async () => {
      const change = (current: string, password: string) =>
        alice.post('/settings/password', {
          current_password: current,
          password,
          password2: password,
        });
      const long = 'é'.repeat(257);
      expect((await change('a password', long)).text).toContain(REGISTRATION_ERRORS.longPassword);
      expect((await change('x'.repeat(20_000), 'another one')).text).toContain('Invalid password');
      const form = { current_password: long };
      for (const path of [
        '/settings/end_other_sessions',
        '/settings/delete_account',
        '/settings/export',
      ]) {
        expect((await alice.post(path, form)).text).toContain('Invalid password');
      }
    });

    test('refuses a username that is taken', async () => {
      expect((await visitor().register('alice', 'a password')).text).toContain(
        'The username is already taken',
      );
    });

    test('distinguishes usernames by their spaces', async () => {
      expect((await visitor().login('ali ce', 'a password')).text).toContain('Invalid username');
      expectErrorPage(await visitor().get('/alice%20'), 404);
    });
  });

  describe('URLs', () => {
    test.each([
      '/%',
      '/%zz',
      '/%ff',
      '/%c3%28',
      '/%zz/follow',
      '/%zz/block',
      '/report/user/%zz',
      '/moderation/suspend/%zz',
      '/avatars/%zz',
      '/static/%zz',
      '/settings/end_session/%zz',
      '/settings/passkeys/remove/%zz',
      '/reset_password/%zz',
      '/confirm_email/%zz',
    ])('returns 400 for malformed percent-encoding: %s', async (path) => {
      expectErrorPage(await alice.get(path), 400);
    });

    test.each([
      'before=0',
      'before=-1',
      'before=1.5',
      'before=1e3',
      'before=x',
      'before=',
      'before=9999999999999999',
      'before=1&before=2',
      'after=-1',
      'after=00',
      'before=5&after=3',
      "before=1'--",
    ])('returns 400 for the cursor %s', async (query) => {
      for (const path of ['/', '/public', '/alice']) {
        const response = await alice.get(`${path}?${query}`);
        expectErrorPage(response, 400);
      }
    });

    test.each([
      ['put', '/login', 'GET, POST, HEAD'],
      ['delete', '/', 'GET, HEAD'],
      ['post', '/', 'GET, HEAD'],
      ['post', '/public', 'GET, HEAD'],
      ['get', '/add_message', 'POST'],
      ['patch', '/alice', 'GET, HEAD'],
      ['propfind', '/alice/follow', 'GET, POST, HEAD'],
      ['delete', '/delete_message/1', 'GET, POST, HEAD'],
      ['post', '/avatars/alice', 'GET, HEAD'],
      ['options', '/register', 'GET, POST, HEAD'],
      ['post', '/settings', 'GET, HEAD'],
      ['put', '/settings/password', 'GET, POST, HEAD'],
      ['delete', '/settings/end_session/x', 'GET, POST, HEAD'],
      ['patch', '/settings/end_other_sessions', 'GET, POST, HEAD'],
      ['post', '/settings/blocks', 'GET, HEAD'],
      ['get', '/victim/block', 'POST'],
      ['get', '/victim/unmute', 'POST'],
      ['put', '/report/user/victim', 'GET, POST, HEAD'],
      ['post', '/moderation', 'GET, HEAD'],
      ['delete', '/moderation/hide/1', 'GET, POST, HEAD'],
      ['delete', '/settings/delete_account', 'GET, POST, HEAD'],
      ['delete', '/settings/export', 'GET, POST, HEAD'],
      ['put', '/forgot_password', 'GET, POST, HEAD'],
      ['delete', '/reset_password/x', 'GET, POST, HEAD'],
      ['put', '/confirm_email/x', 'GET, POST, HEAD'],
      ['patch', '/settings/email', 'GET, POST, HEAD'],
      ['put', '/login/code', 'GET, POST, HEAD'],
      ['put', '/login/passkey', 'GET, POST, HEAD'],
      ['post', '/settings/passkeys', 'GET, HEAD'],
      ['put', '/settings/passkeys/add', 'GET, POST, HEAD'],
      ['delete', '/settings/passkeys/create', 'GET, POST, HEAD'],
      ['delete', '/settings/passkeys/remove/x', 'GET, POST, HEAD'],
      ['delete', '/settings/two_factor', 'GET, POST, HEAD'],
      ['put', '/settings/two_factor/turn_off', 'GET, POST, HEAD'],
      ['put', '/settings/two_factor/recovery_codes', 'GET, POST, HEAD'],
    ] as const)('returns 405 for %s %s', async (method, path, allowed) => {
      const response = await alice.agent[method](path);
      expectErrorPage(response, 405);
      expect(response.headers.allow).toBe(allowed);
    });

    test.each([
      '/a/b',
      '/alice/following',
      '/Login',
      '/PUBLIC',
      '/static/',
      '/static/nothing.css',
      '/static/../package.json',
      '/static/%2e%2e/package.json',
      '/static/..%2fpackage.json',
      '/favicon.ico',
      '/.env',
      `/${'x'.repeat(200)}`,
      '/%00',
      '/undefined',
      '/__proto__',
      '/avatars',
      '/delete_message',
      '/settings/nothing',
      '/report',
      '/report/user',
      '/report/user/%00',
      '/report/message/-1',
      '/report/message/1e3',
      '/moderation/nothing',
      '/moderation/hide/-1',
      '/moderation/close/1e0',
      '/moderation/suspend/__proto__',
      '/settings/export/x',
      '/settings/end_session',
      '/forgot_password/x',
      '/reset_password',
      `/reset_password/${'x'.repeat(43)}`,
      `/reset_password/${'x'.repeat(5000)}`,
      '/reset_password/%00',
      '/confirm_email',
      `/confirm_email/${'x'.repeat(43)}`,
      '/settings/two_factor/nothing',
      '/settings/passkeys/nothing',
      '/settings/passkeys/remove',
      `/settings/passkeys/remove/${'x'.repeat(43)}`,
      '/settings/passkeys/remove/__proto__',
      '/login/nothing',
      `/settings/end_session/${'x'.repeat(43)}`,
      '/settings/end_session/%00',
      '/settings/end_session/__proto__',
      '/%F0%9F%90%99/follow/x',
    ])('returns 404 for %s', async (path) => {
      expectErrorPage(await alice.get(path), 404);
    });
  });
}

/** Expects an error page of MiniTwit: with its style sheet, a link and the request's id. */
export function expectErrorPage(
  { status, text }: { status: number; text: string },
  expected: number,
): void {
  expect(status).toBe(expected);
  expect(text).toMatch(/<link rel="stylesheet" href="\/static\/style\.[0-9a-f]{8}\.css">/);
  expect(text).toContain('href="/public"');
  expect(text).toMatch(/<code>[0-9a-f-]{36}<\/code>/);
  expect(text).not.toMatch(/node_modules|at \w+ \(|select |mysql/i);
}
