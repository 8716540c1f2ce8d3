import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { REGISTRATION_ERRORS } from '../../../../src/web/forms/registration.ts';
import { USERNAME_ERRORS } from '../../../../src/web/forms/username.ts';
import { useMiniTwit } from '../../../support/minitwit.ts';

const { app, visitor, user, database, withSettings } = useMiniTwit();

async function countRows(table: 'user' | 'session'): Promise<number> {
  const rows = await database.select(
    table === 'user' ? 'select 1 from user' : 'select 1 from session',
  );
  return rows.length;
}

describe('register', () => {
  test('redirects to the login page, which shows the flash message', async () => {
    const { agent } = visitor();
    const form = { username: 'amy', email: 'amy@example.com', password: 'pw', password2: 'pw' };
    const response = await agent.post('/register').type('form').send(form);
    expect(response.status).toBe(302);
    expect(response.headers.location).toBe('/login');
    const { text } = await agent.get('/login');
    expect(text).toContain('You were successfully registered and can login now');
    expect((await agent.get('/login')).text).not.toContain('successfully registered');
  });

  test('an invalid form returns the input without the passwords', async () => {
    const { status, text } = await visitor().register('ben "the <b>', 'first-secret', {
      password2: 'second-secret',
      email: 'ben@example.com',
    });
    expect(status).toBe(200);
    expect(text).toContain('<title>Error: Sign Up | MiniTwit</title>');
    expect(text).toContain('value="ben &#34;the &lt;b&gt;"');
    expect(text).toContain('value="ben@example.com"');
    expect(text).not.toContain('secret');
    // The error is beside its field.
    expect(text).toMatch(
      /id="password2"[^>]*aria-invalid="true" aria-describedby="password2-error"[^>]*>\s*<span class="error" id="password2-error" role="alert"><strong>Error:<\/strong> The two passwords do not match/,
    );
  });

  test('concurrent registrations of one username create one user', async () => {
    const before = await countRows('user');
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => visitor().register('twin', 'pw')),
    );
    const texts = answers.map(({ text }) => text);
    expect(texts.filter((text) => text.includes('successfully registered'))).toHaveLength(1);
    expect(texts.filter((text) => text.includes('The username is already taken'))).toHaveLength(4);
    expect(await countRows('user')).toBe(before + 1);
  });

  test('usernames that differ in case belong to two users', async () => {
    expect((await visitor().register('Roger', 'one')).text).toContain('successfully registered');
    expect((await visitor().register('roger', 'two')).text).toContain('successfully registered');
    expect((await visitor().login('roger', 'one')).text).toContain('Invalid password');
  });

  test('a username is the same with composed and with combining accents', async () => {
    await visitor().register('Zo\u00eb', 'pw');
    expect((await visitor().register('Zoe\u0308', 'pw')).text).toContain('already taken');
    expect((await visitor().login('Zoe\u0308', 'pw')).text).toContain('You were logged in');
    expect((await visitor().get(`/${encodeURIComponent('Zoe\u0308')}`)).status).toBe(200);
  });

  test('removes spaces around a username', async () => {
    const client = visitor();
    expect((await client.register(' mary ann ', 'pw')).text).toContain('successfully registered');
    expect((await client.register('mary ann', 'pw')).text).toContain('already taken');
    expect((await client.login('mary ann ', 'pw')).text).toContain('sign out [mary ann]');
    expect((await visitor().get('/mary%20ann')).status).toBe(200);
  });

  test('refuses a common, guessable or short password if the settings require it', async () => {
    const instance = withSettings({ passwordMinLength: 8, refuseGuessablePasswords: true });
    const { text } = await visitor(instance).register('nora', 'Password1');
    expect(text).toContain(REGISTRATION_ERRORS.commonPassword);
    expect((await visitor(instance).register('nora', 'Nora2026')).text).toContain(
      REGISTRATION_ERRORS.guessablePassword,
    );
    expect((await visitor(instance).register('nora', 'short')).text).toContain(
      REGISTRATION_ERRORS.shortPassword(8),
    );
    expect((await visitor(instance).register('nora', 'a password')).text).toContain(
      'successfully registered',
    );
  });

  test('a user with a name that was reserved later can log in and has a page', async () => {
    const client = await user('olga');
    await client.logout();
    await database.execute("update user set username = 'search' where username = 'olga'");
    expect((await visitor().register('search', 'pw')).text).toContain(USERNAME_ERRORS.reserved);
    expect((await client.login('search', 'a password')).text).toContain('sign out [search]');
    await client.addMessage('hello from @search');
    const { status, text } = await visitor().get('/search');
    expect(status).toBe(200);
    expect(text).toContain("search's Timeline");
    expect(text).toContain('<a href="/search">@search</a>');
    expect((await visitor().get('/avatars/search')).status).toBe(200);
  });

  test('redirects a signed-in user to the home timeline', async () => {
    const carl = await user('carl');
    expect((await carl.agent.get('/register')).headers.location).toBe('/');
    expect((await carl.agent.post('/register')).headers.location).toBe('/');
  });

  test('returns 409 for a form of a signed-in user', async () => {
    const before = await countRows('user');
    const carla = await user('carla');
    const { status, text } = await carla.register('carlos', 'a-secret', { email: 'c@example.com' });
    expect(status).toBe(409);
    expect(text).toContain(
      'You are signed in as carla. Sign out first to sign up under another name.',
    );
    expect(text).toContain('value="carlos"');
    expect(text).toContain('value="c@example.com"');
    expect(text).not.toContain('a-secret');
    expect(await countRows('user')).toBe(before + 1);
  });
});

describe('login', () => {
  test('shows the home timeline of the user, without a link to the login page', async () => {
    const client = visitor();
    await client.register('dora', 'pw');
    const { text } = await client.login('dora', 'pw');
    expect(text).toContain('You were logged in');
    expect(text).toContain('sign out [dora]');
    expect(text).toContain("What's on your mind dora?");
    expect(text).not.toContain('href="/login"');
  });

  test('a failed form returns the username without the password', async () => {
    const { status, text } = await visitor().login('dora', 'wrong-secret');
    expect(status).toBe(200);
    expect(text).toContain('<strong>Error:</strong> Invalid password');
    expect(text).toContain('value="dora"');
    expect(text).not.toContain('wrong-secret');
  });

  test('redirects a signed-in user to the home timeline', async () => {
    const eve = await user('eve');
    expect((await eve.agent.get('/login')).headers.location).toBe('/');
    expect((await eve.agent.post('/login').type('form').send({})).headers.location).toBe('/');
    const again = await eve.agent.post('/login').type('form').send({ username: 'eve' });
    expect(again.headers.location).toBe('/');
  });

  test('a login form logs in its user while another user is signed in', async () => {
    await user('faye');
    const george = await user('george');
    const before = await countRows('session');
    const wrong = await george.login('faye', 'wrong');
    expect(wrong.text).toContain('Invalid password');
    expect(wrong.text).toContain('sign out [george]');
    const { text } = await george.login('faye', 'a password');
    expect(text).toContain('You were logged in, and george was logged out');
    expect(text).toContain('sign out [faye]');
    // The session of the other user ended.
    expect(await countRows('session')).toBe(before);
  });

  test('a login shows a hint on cookies if the browser did not store the session cookie', async () => {
    await user('hugo');
    const form = { username: 'hugo', password: 'a password' };
    const login = await request(app).post('/login').type('form').send(form);
    const { location = '' } = login.headers;
    const { text } = await request(app).get(location);
    expect(text).toContain('your browser did not store MiniTwit’s cookie');
    expect(text).toContain('action="/login"');
    // A bookmark or a link can lead to this URL without a login.
    expect(text).toContain('You are not signed in. If you have just signed in,');
    expect(text).not.toMatch(/password (?:is|are) right/);

    // Over http, with cookies for https only, a browser can store the flash cookie alone.
    const cookies = login.headers['set-cookie'] as unknown as string[];
    const flash = cookies.find((cookie) => cookie.startsWith('flash='))?.split(';', 1)[0] ?? '';
    const withFlash = await request(app).get(location).set('Cookie', flash);
    expect(withFlash.text).toContain('your browser did not store MiniTwit’s cookie');
    expect(withFlash.text).not.toContain('You were logged in');
    expect(withFlash.headers['set-cookie']).toContainEqual(expect.stringMatching(/^flash=;.*1970/));
    expect((await request(app).get('/login')).text).not.toContain('cookie');
  });

  test('a login over http with COOKIE_SECURE=always shows a hint on cookies', async () => {
    await user('ida');
    const overHttp = visitor(withSettings({ cookieSecure: 'always', trustProxy: 1 }));
    const { text } = await overHttp.login('ida', 'a password');
    expect(text).toContain('your browser did not store MiniTwit’s cookie');
    expect(text).toContain('try https://');
  });
});

describe('logout', () => {
  test.each(['post', 'get'] as const)(
    '%s deletes the session from the database',
    async (method) => {
      const client = await user(`leaver-${method}`);
      const before = await countRows('session');
      const response = await client.agent[method]('/logout');
      expect(response.headers.location).toBe('/public');
      expect(response.headers['set-cookie']).toContainEqual(
        expect.stringMatching(/^session=;.*1970/),
      );
      expect(await countRows('session')).toBe(before - 1);
      expect((await client.get('/public')).text).toContain('You were logged out');
    },
  );

  test('shows the same message without a session', async () => {
    const before = await countRows('session');
    expect((await visitor().logout()).text).toContain('You were logged out');
    expect(await countRows('session')).toBe(before);
  });
});
