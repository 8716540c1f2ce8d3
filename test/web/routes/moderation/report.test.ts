import { beforeAll, expect, test } from 'vitest';
import { captureLog } from '../../../support/capture-log.ts';
import { testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { user, visitor, withSettings, repositories } = useMiniTwit();
const FORM = { reason: 'spam', text: 'It is\r\nan advertisement.' };
let alice: Visitor;
let bob: Visitor;

beforeAll(async () => {
  alice = await user('alice');
  bob = await user('bob');
  await bob.addMessage('buy this');
});

/** Returns the id of the newest message of bob. */
async function findMessageId(): Promise<number> {
  return (await repositories.profiles.findProfile('bob'))?.newestIds[0] ?? 0;
}

async function listReports() {
  return (await repositories.reports.listOpenReports(0, null)).reports;
}

test('each reader has a link that reports a message of another user, which needs a login', async () => {
  const path = `/report/message/${await findMessageId()}`;
  for (const reader of [visitor(), alice]) {
    expect((await reader.get('/public')).text).toContain(`href="${path}"`);
  }
  expect((await bob.get('/public')).text).not.toContain('/report/message/');
  expect((await visitor().get(path)).status).toBe(401);
  const { text } = await alice.get(path);
  expect(text).toContain('<h1>Report this message</h1>');
  expect(text).toContain('buy this');
  expect(text).toContain('name="signed_in_as" value="alice"');
});

test('a report of a message is stored once', async () => {
  const messageId = await findMessageId();
  const path = `/report/message/${messageId}`;
  const first = await alice.post(path, FORM);
  expect(first.text).toContain('A moderator will read your report about this message');
  const second = await alice.post(path, { ...FORM, reason: 'other' });
  expect(second.text).toContain('You have already reported this message');
  expect(await listReports()).toMatchObject([
    { reporter: 'alice', username: 'bob', messageId, ...FORM, text: 'It is\nan advertisement.' },
  ]);
});

test('a user is reported from the user’s page', async () => {
  expect((await alice.get('/bob')).text).toContain('href="/report/user/bob"');
  expect((await alice.get('/alice')).text).not.toContain('/report/user/');
  expect((await alice.get('/report/user/bob')).text).toContain('<h1>Report bob</h1>');
  const { text } = await alice.post('/report/user/bob', { reason: 'impersonation', text: '' });
  expect(text).toContain('A moderator will read your report about this user');
  expect((await listReports())[0]).toMatchObject({ messageId: null, reason: 'impersonation' });
});

test('an invalid report shows an error beside the field and retains the input', async () => {
  const noReason = await alice.post('/report/user/bob', { text: 'a <b> text' });
  expect(noReason.text).toContain('<strong>Error:</strong> You have to choose a reason.');
  expect(noReason.text).toContain('a &lt;b&gt; text</textarea>');
  expect(noReason.text).toContain('<title>Error: Report bob | MiniTwit</title>');
  const unknown = await alice.post('/report/user/bob', { reason: 'boredom', text: '' });
  expect(unknown.text).toContain('You have to choose a reason.');
  const tooLong = { reason: 'other', text: '👍'.repeat(1001) };
  const long = await alice.post('/report/user/bob', tooLong);
  expect(long.text).toContain('Your text can have at most 1,000 characters.');
  expect(long.text).toContain('<option value="other" selected>');
  expect((await alice.post('/report/user/bob', { ...FORM, signed_in_as: 'bob' })).status).toBe(409);
});

test('no report is about the reporter, a missing thing or a removed message', async () => {
  const messageId = await findMessageId();
  expect((await bob.get(`/report/message/${messageId}`)).status).toBe(400);
  expect((await bob.post('/report/user/bob', FORM)).status).toBe(400);
  expect((await alice.get('/report/message/999999')).status).toBe(404);
  expect((await alice.get('/report/message/x')).status).toBe(404);
  expect((await alice.get('/report/user/nobody')).status).toBe(404);
  const authorId = (await repositories.users.findUser('bob'))?.userId ?? 0;
  const message = { messageId, authorId, username: 'bob' };
  await repositories.hiddenMessages.hideMessage(message, { actor: null, reason: '' });
  expect((await alice.get(`/report/message/${messageId}`)).status).toBe(404);
  expect((await alice.get('/public')).text).not.toContain(`/report/message/${messageId}`);
  await repositories.hiddenMessages.restoreMessage(message, { actor: null, reason: '' });
});

test('reports have a limit and are logged without their text', async () => {
  const { logger, lines } = captureLog();
  const rateLimits = { ...testLimits, reportsPerUser: 1 };
  const carol = visitor(withSettings({ rateLimits }, logger));
  await carol.register('carol', 'a password');
  await carol.login('carol', 'a password');
  await carol.post('/report/user/bob', { reason: 'other', text: 'a private text' });
  const { status, text } = await carol.post('/report/user/alice', FORM);
  expect(status).toBe(429);
  expect(text).toContain('You have reported a lot');
  expect(text).toContain('an advertisement.</textarea>');
  expect(lines.join('')).toContain('"event":"reported"');
  expect(lines.join('')).not.toContain('a private text');
});
