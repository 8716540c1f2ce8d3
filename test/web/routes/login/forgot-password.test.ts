import { describe, expect, test, vi } from 'vitest';
import { createLink } from '../../../../src/repositories/links.ts';
import { EMAIL_ERRORS } from '../../../../src/web/forms/email.ts';
import { NEW_PASSWORD_ERRORS } from '../../../../src/web/forms/new-password.ts';
import { captureLog } from '../../../support/capture-log.ts';
import { testMail, useMail } from '../../../support/mail.ts';
import { testLimits, useMiniTwit } from '../../../support/minitwit.ts';

const minitwit = useMiniTwit({ mail: testMail });
const { database, repositories, visitor, withSettings } = minitwit;
const { listMails, findLinkPath } = useMail(minitwit);
const withoutMail = withSettings({ mail: null });

const REQUESTED = 'If an account has this email address, it gets a mail';
const UNUSABLE = 'This link was used, has expired or is incomplete.';

async function register(username: string, email = `${username}@example.com`): Promise<void> {
  await visitor().register(username, 'a password', { email });
}

const request = (email: string, instance = minitwit.app) =>
  visitor(instance).post('/forgot_password', { email });
const reset = (path: string, password: string, password2 = password) =>
  visitor().post(path, { password, password2 });

/** Requests a link for a registered user, and returns its path. */
async function requestLink(username: string): Promise<string> {
  await request(`${username}@example.com`);
  return findLinkPath(`${username}@example.com`);
}

describe('a request for a link', () => {
  test('sends a mail to the account with this address', async () => {
    await register('alice');
    const { text } = await request(' Alice@Example.COM ');
    expect(text).toContain(REQUESTED);
    expect(text).toContain('<h1>Sign In</h1>');
    const mails = await listMails('alice@example.com');
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain('Hello alice,');
    expect(mails[0]?.source).toContain('\r\nFrom: MiniTwit <noreply@example.com>\r\n');
  });

  test('sends a mail to each of up to five accounts with this address', async () => {
    for (let index = 0; index < 7; index++) await register(`bob${index}`, 'bob@example.com');
    await request('bob@example.com');
    const texts = (await listMails('bob@example.com')).map(({ text }) => text);
    const names = texts.map((text) => /^Hello (\w+),$/m.exec(text)?.[1]);
    expect(new Set(names)).toEqual(new Set(['bob0', 'bob1', 'bob2', 'bob3', 'bob4']));
  });

  test('runs the same queries and gets the same answer if no account has the address', async () => {
    await register('carol');
    const answers = [];
    for (const email of ['carol@example.com', 'nobody@example.com']) {
      const select = vi.spyOn(database, 'select');
      const execute = vi.spyOn(database, 'execute');
      // The sender uses the same database, so its statements about requests and mails are left out.
      const statements = () =>
        [...select.mock.calls, ...execute.mock.calls]
          .map(([sql]) => sql)
          .filter((sql) => !/select request_id|\bmail\b/.test(sql));
      const sent = visitor().agent.post('/forgot_password').type('form').send({ email });
      const { status, text, headers } = await sent;
      answers.push({ status, text, location: headers.location, statements: statements() });
      select.mockRestore();
      execute.mockRestore();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]?.statements.join('\n')).toContain('insert into reset_request');
    expect(answers[0]?.statements.join('\n')).not.toContain('user');
    expect(await listMails('nobody@example.com')).toEqual([]);
  });

  test.each([
    ['', EMAIL_ERRORS.invalidEmail],
    ['nobody', EMAIL_ERRORS.invalidEmail],
    [`${'x'.repeat(251)}@b.c`, EMAIL_ERRORS.longEmail],
  ])('refuses the address %j beside the field', async (email, message) => {
    const { status, text } = await request(email);
    expect(status).toBe(200);
    expect(text).toContain('<title>Error: Forgot Password | MiniTwit</title>');
    expect(text).toMatch(new RegExp(`id="email-error" role="alert">.*${message}`));
  });

  test('is limited for an address, whether or not an account has it', async () => {
    await register('dora');
    const limited = withSettings({ rateLimits: { ...testLimits, linksPerEmail: 1 } });
    for (const email of ['dora@example.com', 'unknown@example.com']) {
      expect((await request(email, limited)).text).toContain(REQUESTED);
      const { status, headers, text } = await request(email.toUpperCase(), limited);
      expect(status).toBe(429);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(text).toContain('Several mails were requested for this email address');
      expect(text).toContain(`value="${email.toUpperCase()}"`);
    }
    expect(await listMails('dora@example.com')).toHaveLength(1);
  });

  test('is limited for a client', async () => {
    const limited = withSettings({ rateLimits: { ...testLimits, resetsPerAddress: 2 } });
    await database.execute('delete from rate_limit');
    const statuses = [];
    for (const name of ['a', 'b', 'c']) {
      statuses.push((await request(`${name}@limits.example.com`, limited)).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('never uses the header Host for the address of the link', async () => {
    await register('emma');
    await visitor()
      .agent.post('/forgot_password')
      .set('Host', 'evil.example.com')
      .type('form')
      .send({ email: 'emma@example.com' });
    const [mail] = await listMails('emma@example.com');
    expect(mail?.text).toContain('https://twit.example.com/reset_password/');
    expect(mail?.source).not.toContain('evil');
  });
});

describe('a link', () => {
  test('sets the password once, ends all sessions, and the user gets a mail', async () => {
    await register('fay');
    const fay = visitor();
    await fay.login('fay', 'a password');
    const path = await requestLink('fay');
    const page = await visitor().get(path);
    expect(page.text).toContain('<bdi>fay</bdi>');
    expect(page.headers['cache-control']).toBe('private, no-store');
    // A mail scanner opens the link, too.
    await visitor().get(path);

    const { text } = await reset(path, 'another one');
    expect(text).toContain('Your password was changed. You can sign in with it now.');
    expect(text).toContain('<h1>Sign In</h1>');
    expect((await fay.agent.get('/settings')).status).toBe(401);
    expect((await visitor().login('fay', 'a password')).text).toContain('Invalid password');
    expect((await visitor().login('fay', 'another one')).text).toContain('You were logged in');
    const mails = await listMails('fay@example.com');
    expect(mails.at(-1)?.text).toContain('Your password was reset with a link.');

    const again = await reset(path, 'a third one');
    expect(again.status).toBe(404);
    expect(again.text).toContain(UNUSABLE);
    expect((await visitor().get(path)).status).toBe(404);
  });

  test('leaves two-factor sign-in on, with its recovery codes', async () => {
    await register('lea');
    const credentials = await repositories.users.findCredentials('lea');
    if (!credentials) throw new Error('There is no such user.');
    const totp = { secret: 'sealed', step: 1, recoveryCodeHashes: ['a hash'] };
    await repositories.totp.turnOn(credentials, totp, { sessionId: '', notice: null });
    const lea = visitor();
    await lea.post(await requestLink('lea'), { password: 'another one', password2: 'another one' });
    const { text } = await lea.login('lea', 'another one');
    expect(text).toContain('<h1>Enter a Code</h1>');
    expect((await lea.agent.get('/settings')).status).toBe(401);
    expect(await repositories.recoveryCodes.countCodes(credentials.userId)).toBe(1);
  });

  test('is not usable after another link was used, or after the password was changed', async () => {
    await register('gina');
    const first = await requestLink('gina');
    const second = await requestLink('gina');
    expect(second).not.toBe(first);
    await reset(first, 'another one');
    expect((await reset(second, 'a third one')).status).toBe(404);
  });

  test('is not usable after an hour', async () => {
    await register('hedy');
    const path = await requestLink('hedy');
    await database.execute('update link set expires_s = expires_s - 3600');
    expect((await reset(path, 'another one')).text).toContain(UNUSABLE);
    expect((await visitor().login('hedy', 'a password')).text).toContain('You were logged in');
  });

  test.each([
    ['no password', '', '', 'password', NEW_PASSWORD_ERRORS.missingPassword],
    ['two passwords', 'one', 'two', 'password2', NEW_PASSWORD_ERRORS.differentPasswords],
    ['a long one', 'é'.repeat(257), '', 'password', NEW_PASSWORD_ERRORS.longPassword],
  ])('refuses %s, and is still usable', async (what, password, password2, field, message) => {
    const username = what.replaceAll(' ', '-');
    await register(username);
    const path = await requestLink(username);
    const { status, text } = await reset(path, password, password2);
    expect(status).toBe(200);
    expect(text).toMatch(new RegExp(`id="${field}-error" role="alert">.*${message}`));
    expect((await reset(path, 'another one')).text).toContain('Your password was changed');
  });

  test('is not in the log, nor is the address', async () => {
    const { logger, lines } = captureLog();
    const logged = withSettings({}, logger);
    await register('ida');
    await request('ida@example.com', logged);
    const path = await findLinkPath('ida@example.com');
    await visitor(logged).get(path);
    await visitor(logged).post(path, { password: 'another one', password2: 'another one' });
    const log = lines.join('');
    expect(log).toContain('"path":"/reset_password/…"');
    expect(log).not.toContain(path.split('/')[2]);
    expect(log).not.toMatch(/ida@example|another one/);
    const events = lines.flatMap((line) => (JSON.parse(line) as { event?: string }).event ?? []);
    expect(events).toEqual(['reset_requested', 'password_reset']);
  });

  test('works without mail, for an operator', async () => {
    await register('jana');
    const userId = (await repositories.users.findUser('jana'))?.userId ?? 0;
    const token = await database.transact((transaction) =>
      createLink(transaction, { userId, purpose: 'reset', email: '' }),
    );
    const { text } = await visitor(withoutMail).post(`/reset_password/${token}`, {
      password: 'another one',
      password2: 'another one',
    });
    expect(text).toContain('Your password was changed');
    expect(await listMails('jana@example.com')).toEqual([]);
  });
});

test('without mail, no page mentions it', async () => {
  const { get } = visitor(withoutMail);
  expect((await get('/login')).text).not.toMatch(/forgot|mail/i);
  expect((await get('/forgot_password')).status).toBe(404);
  expect((await get('/outbox')).status).toBe(404);
  expect((await visitor().get('/login')).text).toContain('href="/forgot_password"');
});
