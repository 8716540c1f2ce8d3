import { describe, expect, test } from 'vitest';
import { captureLog } from '../../../support/capture-log.ts';
import { testMail, useMail } from '../../../support/mail.ts';
import { testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const minitwit = useMiniTwit();
const { visitor, user, repositories, withSettings, anotherInstance } = minitwit;
const { findLinkPath, listMails } = useMail(minitwit);
const { profiles, accountDeletion } = repositories;
const other = anotherInstance();

function deleteAccount({ post }: Visitor, password = 'a password') {
  return post('/settings/delete_account', { current_password: password });
}

async function finishDeletions(): Promise<void> {
  expect(await accountDeletion.continueDeletions(100)).toBe(1);
}

describe.each([
  ['before its rows are deleted', () => Promise.resolve()],
  ['after its rows were deleted', finishDeletions],
])('a deleted account, %s', (when, finish) => {
  const name = `alice ${when}`;
  const path = `/${encodeURIComponent(name)}`;

  test('is on no page of any instance, and cannot be used', async () => {
    const alice = await user(name);
    await alice.addMessage('a message of alice');
    const bob = await user(`bob ${when}`);
    await bob.post(`${path}/follow`);
    await bob.addMessage(`@someone a message of bob`);
    const elsewhere = visitor(other);
    await elsewhere.login(name, 'a password');

    const { text, status } = await deleteAccount(alice);
    expect(status).toBe(200);
    expect(text).toContain('Your account was deleted');
    expect(text).toContain('<h1>Public Timeline</h1>');
    expect(text).toContain('<a href="/login">');
    await finish();

    for (const reader of [bob, visitor(other)]) {
      for (const page of ['/', '/public', '/?before=1000', '/public?before=1000']) {
        const shown = (await reader.get(page)).text;
        expect(shown).not.toContain('a message of alice');
        expect(shown).toContain('a message of bob');
      }
      const page = await reader.get(path);
      expect(page.status).toBe(404);
      expect(page.text).toContain(`There is no user called “${name}”.`);
    }
    expect((await bob.post(`${path}/follow`)).status).toBe(404);
    expect((await bob.post(`${path}/unfollow`)).status).toBe(404);
    for (const { get, addMessage } of [alice, elsewhere]) {
      expect((await get('/settings')).status).toBe(401);
      expect((await addMessage('too late')).status).toBe(401);
    }
    expect((await visitor(other).login(name, 'a password')).text).toContain('Invalid username');
    const registration = await visitor(other).register(name, 'a password');
    expect(registration.text).toMatch(/username (?:is already taken|resembles one that is taken)/);
    if (when.startsWith('before')) await finishDeletions();
  });

  test('leaves correct counts of follows', async () => {
    const carol = await user(`carol ${when}`);
    const dave = await user(`dave ${when}`);
    await carol.post(`/dave ${when}/follow`);
    await dave.post(`/carol ${when}/follow`);
    await deleteAccount(carol);
    await finishDeletions();
    expect(await profiles.findProfile(`dave ${when}`)).toMatchObject({
      followers: 0,
      following: 0,
    });
  });
});

test('names what is deleted and what is not, and is linked from the settings', async () => {
  const erin = await user('erin');
  expect((await erin.get('/settings')).text).toContain('<a href="/settings/delete_account">');
  const { text } = await erin.get('/settings/delete_account');
  expect(text).toContain('<h1>Delete Account</h1>');
  expect(text).toContain('<li>all your messages,</li>');
  expect(text).toContain('your username, for 90 days');
  expect(text).toContain('name="signed_in_as" value="erin"');
});

test('needs a login, the form of the same user and the password', async () => {
  expect((await visitor().get('/settings/delete_account')).status).toBe(401);
  expect((await deleteAccount(visitor())).status).toBe(401);
  const frank = await user('frank');
  const form = { current_password: 'a password', signed_in_as: 'grace' };
  expect((await frank.post('/settings/delete_account', form)).status).toBe(409);
  for (const password of ['', 'wrong']) {
    const { status, text } = await deleteAccount(frank, password);
    expect(status).toBe(200);
    expect(text).toContain('<title>Error: Delete Account | MiniTwit</title>');
    expect(text).toContain(
      '<span class="error" id="current_password-error" role="alert"><strong>Error:</strong> Invalid password',
    );
  }
  const crossOrigin = await frank.agent
    .post('/settings/delete_account')
    .set('Sec-Fetch-Site', 'cross-site')
    .type('form')
    .send({ current_password: 'a password' });
  expect(crossOrigin.status).toBe(403);
  expect((await frank.get('/frank')).status).toBe(200);
});

test('wrong passwords count as failed logins', async () => {
  await user('hana');
  const rateLimits = { ...testLimits, loginsPerName: 2 };
  const hana = visitor(withSettings({ rateLimits, trustProxy: 1 }));
  await hana.login('hana', 'a password');
  for (let guess = 0; guess < 2; guess++) await deleteAccount(hana, 'guess');
  expect((await deleteAccount(hana)).status).toBe(429);
  expect((await visitor().get('/hana')).status).toBe(200);
});

test('logs the deletion', async () => {
  await user('ivan');
  const { logger, lines } = captureLog();
  const ivan = visitor(withSettings({}, logger));
  await ivan.login('ivan', 'a password');
  await deleteAccount(ivan);
  const events = lines
    .map((line) => JSON.parse(line) as { event?: string })
    .filter(({ event }) => event === 'account_deleted');
  expect(events).toMatchObject([{ userId: expect.any(Number), level: 30 }]);
  await finishDeletions();
});

test('with mail, sends a notice, and revokes the links in mails', async () => {
  const mona = visitor(withSettings({ mail: testMail }));
  const email = 'mona@example.com';
  await mona.register('mona', 'a password', { email });
  await mona.post('/forgot_password', { email });
  const path = await findLinkPath(email);
  expect((await mona.get(path)).status).toBe(200);
  await mona.login('mona', 'a password');
  await deleteAccount(mona);
  expect((await mona.get(path)).status).toBe(404);
  const mails = await listMails(email);
  expect(mails).toHaveLength(2);
  expect(mails[1]?.text).toContain('Your account was deleted in the settings, with your password.');
  await mona.post('/forgot_password', { email });
  expect(await listMails(email)).toHaveLength(2);
  await finishDeletions();
});

test('two deletions at the same time end with a page, and the account is deleted once', async () => {
  const judy = await user('judy');
  const answers = await Promise.all([deleteAccount(judy), deleteAccount(judy)]);
  for (const { status } of answers) expect([200, 401]).toContain(status);
  await finishDeletions();
  expect((await visitor().get('/judy')).status).toBe(404);
});

test('requests of a user who is deleted at the same time get a page, and leave nothing', async () => {
  for (let round = 0; round < 5; round++) {
    const name = `kim ${round}`;
    const kim = await user(name);
    await kim.addMessage('an early message');
    const leo = await user(`leo ${round}`);
    const requests = Promise.all(
      [
        () => kim.addMessage('a late message'),
        () => kim.post(`/leo ${round}/follow`),
        () => leo.post(`/${name}/follow`),
        () => leo.post(`/${name}/unfollow`),
        () => visitor(other).login(name, 'a password'),
        () => kim.get('/'),
        () => kim.get('/settings'),
        () => kim.post('/settings/end_other_sessions', { current_password: 'a password' }),
        () =>
          kim.post('/settings/password', {
            current_password: 'a password',
            password: 'b',
            password2: 'b',
          }),
        () => visitor(other).get(`/${name}`),
      ].map((send) => send()),
    );
    const { userId } = (await profiles.findProfile(name)) ?? { userId: 0 };
    await accountDeletion.startDeletion(userId, { actor: null, reason: '' });
    await accountDeletion.continueDeletions(100);
    for (const { status } of await requests) expect(status).toBeLessThan(500);
    await accountDeletion.continueDeletions(100);
    expect((await visitor().get('/public')).text).not.toContain('a late message');
    expect((await visitor().get(`/${name}`)).status).toBe(404);
    expect(await profiles.findProfile(`leo ${round}`)).toMatchObject({
      followers: 0,
      following: 0,
    });
  }
});
