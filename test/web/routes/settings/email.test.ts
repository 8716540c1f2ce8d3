import { describe, expect, test } from 'vitest';
import { EMAIL_ERRORS } from '../../../../src/web/forms/email.ts';
import { captureLog } from '../../../support/capture-log.ts';
import { testMail, useMail } from '../../../support/mail.ts';
import { testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const minitwit = useMiniTwit({ mail: testMail });
const { repositories, visitor, withSettings } = minitwit;
const { listMails, findLinkPath } = useMail(minitwit);
const withoutMail = withSettings({ mail: null });

/** Registers a user with the address NAME@old.example.com, and returns the user's client. */
async function createUser(username: string, instance = minitwit.app): Promise<Visitor> {
  const client = visitor(instance);
  await client.register(username, 'a password', { email: `${username}@old.example.com` });
  await client.login(username, 'a password');
  return client;
}

const change = ({ post }: Visitor, email: string, password = 'a password') =>
  post('/settings/email', { email, current_password: password });
const findEmail = async (username: string) => (await repositories.users.findUser(username))?.email;

describe('with mail, a change of the email address', () => {
  test('counts after the link to the new address was used, on any device', async () => {
    const alice = await createUser('alice');
    const { text } = await change(alice, ' alice@new.example.com ');
    expect(text).toContain('A mail to alice@new.example.com has a link.');
    expect(await findEmail('alice')).toBe('alice@old.example.com');
    expect(await listMails('alice@old.example.com')).toEqual([]);

    const path = await findLinkPath('alice@new.example.com');
    const elsewhere = visitor();
    const page = await elsewhere.get(path);
    expect(page.text).toContain('<bdi>alice@new.example.com</bdi>');
    expect(page.headers['cache-control']).toBe('private, no-store');
    expect(await findEmail('alice')).toBe('alice@old.example.com');

    expect((await elsewhere.post(path)).text).toContain('The email address of alice was changed');
    expect(await findEmail('alice')).toBe('alice@new.example.com');
    const [notice] = await listMails('alice@old.example.com');
    expect(notice?.text).toContain(
      'Your email address was changed from alice@old.example.com to alice@new.example.com.',
    );
    // A link to reset the password would go to the new address.
    expect(notice?.text).not.toContain('/forgot_password');
    expect(notice?.text).toContain('/settings/password');
    expect(notice?.text).toContain('/settings/passkeys');
    expect((await elsewhere.post(path)).status).toBe(404);
    expect((await alice.get('/settings/email')).text).toContain('alice@new.example.com');
  });

  test('returns to the settings in a browser that is signed in', async () => {
    const bob = await createUser('bob');
    await change(bob, 'bob@new.example.com');
    const { text } = await bob.post(await findLinkPath('bob@new.example.com'));
    expect(text).toContain('<h1>Settings</h1>');
  });

  test('revokes the links that were sent to the old address', async () => {
    const carol = await createUser('carol');
    await carol.post('/forgot_password', { email: 'carol@old.example.com' });
    const reset = await findLinkPath('carol@old.example.com');
    await change(carol, 'carol@new.example.com');
    expect((await visitor().get(reset)).status).toBe(200);
    await carol.post(await findLinkPath('carol@new.example.com'));
    expect((await visitor().get(reset)).status).toBe(404);
  });

  test('is revoked by a change of the password', async () => {
    const dora = await createUser('dora');
    await change(dora, 'dora@new.example.com');
    const path = await findLinkPath('dora@new.example.com');
    await dora.post('/settings/password', {
      current_password: 'a password',
      password: 'another one',
      password2: 'another one',
    });
    expect((await dora.post(path)).status).toBe(404);
    expect(await findEmail('dora')).toBe('dora@old.example.com');
    const [notice] = await listMails('dora@old.example.com');
    expect(notice?.text).toContain('Your password was changed in the settings.');
  });

  test('is not confirmed by a link that resets a password', async () => {
    const emma = await createUser('emma');
    await emma.post('/forgot_password', { email: 'emma@old.example.com' });
    const path = await findLinkPath('emma@old.example.com');
    expect((await emma.post(path.replace('reset_password', 'confirm_email'))).status).toBe(404);
  });

  test('is limited for a user and for an address', async () => {
    const rateLimits = { ...testLimits, emailChangesPerUser: 2, linksPerEmail: 1 };
    const fay = await createUser('fay', withSettings({ rateLimits }));
    expect((await change(fay, 'fay@new.example.com')).status).toBe(200);
    const again = await change(fay, 'fay@new.example.com');
    expect(again.status).toBe(429);
    expect(again.text).toContain('Several mails were requested for this email address');
    expect((await change(fay, 'fay2@new.example.com')).status).toBe(200);
    const third = await change(fay, 'fay3@new.example.com');
    expect(third.status).toBe(429);
    expect(third.text).toContain('You have changed your email address a lot');
    expect(third.text).toContain('value="fay3@new.example.com"');
  });

  test('is logged without addresses and tokens', async () => {
    const { logger, lines } = captureLog();
    const gina = await createUser('gina', withSettings({}, logger));
    await change(gina, 'gina@new.example.com');
    const path = await findLinkPath('gina@new.example.com');
    await gina.get(path);
    await gina.post(path);
    const log = lines.join('');
    expect(log).toContain('"path":"/confirm_email/…"');
    expect(log).not.toContain(path.split('/')[2]);
    expect(log).not.toContain('example.com');
    const events = lines.flatMap((line) => (JSON.parse(line) as { event?: string }).event ?? []);
    expect(events.slice(-2)).toEqual(['email_change_requested', 'email_changed']);
  });
});

test('without mail, the address changes at once', async () => {
  const hedy = await createUser('hedy', withoutMail);
  expect((await hedy.get('/settings/email')).text).not.toContain('A mail');
  const { text } = await change(hedy, 'hedy@new.example.com');
  expect(text).toContain('Your email address was changed');
  expect(await findEmail('hedy')).toBe('hedy@new.example.com');
  expect(await listMails('hedy@old.example.com')).toEqual([]);
});

test.each([
  ['', 'a password', 'email', EMAIL_ERRORS.invalidEmail],
  ['a b@c', 'a password', 'email', EMAIL_ERRORS.invalidEmail],
  [`${'x'.repeat(251)}@b.c`, 'a password', 'email', EMAIL_ERRORS.longEmail],
  ['new@example.com', 'wrong', 'current_password', 'Invalid password'],
])('refuses %j with the password %j beside the field', async (email, password, field, message) => {
  const username = `user-${field}-${email.length}`;
  const { status, text } = await change(await createUser(username), email, password);
  expect(status).toBe(200);
  expect(text).toContain('<title>Error: Change Email | MiniTwit</title>');
  expect(text).toMatch(new RegExp(`id="${field}-error" role="alert">.*${message}`));
  expect(text).toContain(`value="${email}"`);
  expect(await findEmail(username)).toBe(`${username}@old.example.com`);
});

test('refuses a form that another user opened, and a visitor without a login', async () => {
  const ida = await createUser('ida');
  const form = { email: 'x@example.com', current_password: 'a password', signed_in_as: 'jana' };
  expect((await ida.post('/settings/email', form)).status).toBe(409);
  expect((await visitor().get('/settings/email')).status).toBe(401);
  expect((await visitor().post('/settings/email', form)).status).toBe(401);
});
