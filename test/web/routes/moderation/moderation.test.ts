import { beforeAll, expect, test } from 'vitest';
import { captureLog } from '../../../support/capture-log.ts';
import { useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { user, visitor, anotherInstance, withSettings, repositories } = useMiniTwit();
const REASON = 'It is an advertisement.';
let mo: Visitor;
let max: Visitor;
let alice: Visitor;
let bob: Visitor;

beforeAll(async () => {
  mo = await user('mo');
  max = await user('max');
  alice = await user('alice');
  bob = await user('bob');
  for (const username of ['mo', 'max']) await setModerator(username, true);
});

async function setModerator(username: string, isModerator: boolean): Promise<void> {
  const found = await repositories.users.findUser(username);
  if (found) await repositories.users.setModerator(found, isModerator, 'trusted');
}

/** Posts a message as bob and reports it as alice. Returns the ids of the message and of the report. */
async function reportMessage(text: string): Promise<{ messageId: number; reportId: number }> {
  await bob.addMessage(text);
  const messageId = (await repositories.profiles.findProfile('bob'))?.newestIds[0] ?? 0;
  await alice.post(`/report/message/${messageId}`, { reason: 'spam', text: `about ${text}` });
  const [report] = (await repositories.reports.listOpenReports(0, null)).reports;
  return { messageId, reportId: report?.reportId ?? 0 };
}

/** Opens the page of a decision and sends its form. */
async function decide(moderator: Visitor, path: string, form: Record<string, string> = {}) {
  const { text } = await moderator.get(path);
  const [, seen = ''] = /name="seen" value="(\d+)"/.exec(text) ?? [];
  return moderator.post(path, { seen, reason: REASON, ...form });
}

test('only moderators find the pages and their link, as soon as they are moderators', async () => {
  const { messageId, reportId } = await reportMessage('who sees this');
  const paths = [
    '/moderation',
    '/moderation/audit',
    `/moderation/hide/${messageId}`,
    '/moderation/suspend/bob',
    `/moderation/close/${reportId}`,
  ];
  for (const path of paths) {
    for (const reader of [visitor(), alice]) {
      const { status, text } = await reader.get(path);
      expect(status).toBe(404);
      expect(text).toContain('There is nothing at this address.');
    }
    expect((await alice.post(path, { reason: REASON, seen: '0' })).status).not.toBe(200);
    expect((await mo.get(path)).status).toBe(200);
  }
  expect((await alice.get('/')).text).not.toContain('href="/moderation"');
  expect((await mo.get('/')).text).toContain('href="/moderation"');
  await setModerator('alice', true);
  expect((await alice.get('/')).text).toContain('href="/moderation"');
  await setModerator('alice', false);
  expect((await alice.get('/moderation')).status).toBe(404);
});

test('lists open reports with the message, the text and the earlier decisions', async () => {
  const { messageId, reportId } = await reportMessage('listed message');
  const { text } = await mo.get('/moderation');
  expect(text).toContain('listed message');
  expect(text).toContain('about listed message');
  expect(text).toContain(`href="/bob?before=${messageId + 1}"`);
  expect(text).toContain(`href="/moderation/close/${reportId}"`);
  await decide(mo, `/moderation/hide/${messageId}`);
  const after = await max.get('/moderation');
  expect(after.text).toContain('Earlier decisions about <bdi>bob</bdi>');
  expect(after.text).toContain(REASON);
  expect(after.text).toContain(`href="/moderation/restore/${messageId}"`);
  // Moderators read the text of a removed message.
  expect(after.text).toContain('listed message');
});

test('a removed message is removed on every instance, and its author can delete it', async () => {
  const { messageId } = await reportMessage('removed message');
  const elsewhere = visitor(anotherInstance());
  for (const path of ['/public', '/bob']) {
    for (let time = 0; time < 3; time++) {
      expect((await elsewhere.get(path)).text).toContain('removed message');
    }
  }
  expect((await decide(mo, `/moderation/hide/${messageId}`)).text).toContain(
    'Your decision was recorded',
  );
  for (const reader of [elsewhere, visitor(), alice, bob]) {
    for (const path of ['/public', '/bob']) {
      const { text } = await reader.get(path);
      expect(text).not.toContain('removed message');
      expect(text).toContain('This message was removed by a moderator.');
    }
  }
  const page = await bob.get(`/delete_message/${messageId}`);
  expect(page.text).not.toContain('removed message');
  expect((await bob.post(`/delete_message/${messageId}`)).text).toContain(
    'Your message was deleted',
  );
  expect((await mo.get('/moderation')).text).toContain('The author has deleted the message.');
});

test('only the button of a decision that takes something from a user is red', async () => {
  const { messageId, reportId } = await reportMessage('with red buttons');
  for (const [path, isDangerous] of [
    [`/moderation/hide/${messageId}`, true],
    [`/moderation/restore/${messageId}`, false],
    ['/moderation/suspend/bob', true],
    ['/moderation/lift/bob', false],
    [`/moderation/close/${reportId}`, false],
  ] as const) {
    expect((await mo.get(path)).text.includes('<button class="danger">')).toBe(isDangerous);
  }
});

test('a restored message is shown again', async () => {
  const { messageId } = await reportMessage('restored message');
  await decide(mo, `/moderation/hide/${messageId}`);
  await decide(max, `/moderation/restore/${messageId}`);
  expect((await visitor().get('/bob')).text).toContain('restored message');
});

test('a suspension ends the sessions of the user and hides the messages until it is lifted', async () => {
  const spammer = await user('spammer');
  await spammer.addMessage('from the spammer');
  const path = '/moderation/suspend/spammer';
  expect((await decide(mo, path)).text).toContain('You have to choose a duration.');
  await decide(mo, path, { duration: '7' });
  expect((await visitor().get('/public')).text).not.toContain('from the spammer');
  expect((await spammer.get('/settings')).status).toBe(401);
  const login = await visitor().login('spammer', 'a password');
  expect(login.text).toContain('Your account is suspended until');
  expect((await mo.get('/moderation/audit')).text).toContain('href="/moderation/lift/spammer"');
  await decide(max, '/moderation/lift/spammer');
  expect((await visitor().get('/public')).text).toContain('from the spammer');
  expect((await decide(max, '/moderation/lift/spammer')).status).toBe(409);
});

test('the second of two moderators sees what the first one has decided', async () => {
  const { messageId, reportId } = await reportMessage('seen by two');
  for (const path of [`/moderation/hide/${messageId}`, `/moderation/close/${reportId}`]) {
    const { text } = await max.get(path);
    const [, seen = ''] = /name="seen" value="(\d+)"/.exec(text) ?? [];
    await decide(mo, path, { reason: `mo has decided ${path}` });
    const late = await max.post(path, { seen, reason: 'max is late' });
    expect(late.status).toBe(409);
    expect(late.text).toContain('Nothing was changed');
    expect(late.text).toContain(`mo has decided ${path}`);
    expect(late.text).toContain('max is late</textarea>');
    // The thing was already decided, so a second attempt changes nothing either.
    expect((await decide(max, path)).status).toBe(409);
  }
  expect((await mo.get('/moderation')).text).not.toContain(`/moderation/close/${reportId}"`);
});

test('a moderator does not change a suspension that the form has not shown', async () => {
  await user('contested');
  const path = '/moderation/suspend/contested';
  const { text } = await max.get(path);
  const [, seen = ''] = /name="seen" value="(\d+)"/.exec(text) ?? [];
  await decide(mo, path, { duration: 'forever' });
  const late = await max.post(path, { seen, reason: 'max is late', duration: '1' });
  expect(late.status).toBe(409);
  expect(late.text).toContain('<option value="1" selected>');
  const logIn = async () => (await visitor().login('contested', 'a password')).text;
  expect(await logIn()).toContain('Your account is suspended.');
  await decide(max, path, { duration: '1' });
  expect(await logIn()).toContain('Your account is suspended until');
});

test('a moderator neither sees reports about this moderator nor decides on them', async () => {
  await max.addMessage('from max');
  const messageId = (await repositories.profiles.findProfile('max'))?.newestIds[0] ?? 0;
  await alice.post(`/report/message/${messageId}`, { reason: 'other', text: 'about max' });
  const [report] = (await repositories.reports.listOpenReports(0, null)).reports;
  expect((await mo.get('/moderation')).text).toContain('about max');
  expect((await max.get('/moderation')).text).not.toContain('about max');
  for (const path of [
    `/moderation/hide/${messageId}`,
    '/moderation/suspend/max',
    `/moderation/close/${report?.reportId}`,
  ]) {
    expect((await max.get(path)).status).toBe(403);
    const { status, text } = await max.post(path, { reason: REASON, seen: '0' });
    expect(status).toBe(403);
    expect(text).not.toContain('about max');
  }
});

test('a decision needs a reason, and an error retains the input', async () => {
  const { messageId } = await reportMessage('needs a reason');
  const path = `/moderation/hide/${messageId}`;
  const blank = await decide(mo, path, { reason: ' \u200b' });
  expect(blank.text).toContain('<strong>Error:</strong> You have to enter a reason.');
  const long = await decide(mo, path, { reason: 'x'.repeat(1001) });
  expect(long.text).toContain('The reason can have at most 1,000 characters.');
  expect(long.text).toContain('xxx</textarea>');
  const duration = await decide(mo, '/moderation/suspend/bob', { duration: '8' });
  expect(duration.text).toContain('You have to choose a duration.');
  expect((await decide(mo, path, { signed_in_as: 'max' })).status).toBe(409);
  expect((await visitor().get('/bob')).text).toContain('needs a reason');
});

test.each([
  '/moderation/hide/x',
  '/moderation/hide/999999',
  '/moderation/restore/0',
  '/moderation/close/999999',
  '/moderation/suspend/nobody',
  `/moderation/lift/${'x'.repeat(65)}`,
  '/moderation/nothing/1',
])('%s returns 404', async (path) => {
  expect((await mo.get(path)).status).toBe(404);
});

test.each(['before=0', 'before=x', 'after=1', 'before=1&before=2'])(
  'returns 400 for the page %s',
  async (query) => {
    for (const path of ['/moderation', '/moderation/audit']) {
      expect((await mo.get(`${path}?${query}`)).status).toBe(400);
    }
  },
);

test('the audit log lists decisions by pages, and that of the operator', async () => {
  const { text } = await mo.get('/moderation/audit');
  expect(text).toContain('<strong>Close report</strong>');
  expect(text).toContain('<bdi>mo</bdi>');
  const all: string[] = [text];
  for (let page = text; ;) {
    const [, older] = /href="(\/moderation\/audit\?before=\d+)"/.exec(page) ?? [];
    if (older === undefined) break;
    page = (await mo.get(older)).text;
    all.push(page);
  }
  expect(all.join('')).toContain('<strong>Make moderator</strong>');
  expect(all.join('')).toContain('by the operator');
});

test('the audit log links to the present name of a person, and not to a deleted account', async () => {
  const dora = await user('dora');
  const doraId = (await repositories.users.findUser('dora'))?.userId ?? 0;
  await dora.addMessage('from dora');
  await decide(mo, '/moderation/suspend/dora', { duration: '1' });
  await repositories.renames.rename(doraId, 'theodora', { actor: null });
  const renamed = (await mo.get('/moderation/audit')).text;
  expect(renamed).toContain('<a href="/theodora"><bdi>dora</bdi></a>');
  expect(renamed).toContain('href="/moderation/lift/theodora"');
  await repositories.accountDeletion.startDeletion(doraId, {
    actor: null,
    reason: '',
  });
  const deleted = (await mo.get('/moderation/audit')).text;
  expect(deleted).toContain('<bdi>dora</bdi>');
  expect(deleted).not.toMatch(/href="[^"]*dora"/);
});

test('a report about a suspended user has no link to the page that is not shown', async () => {
  const { messageId } = await reportMessage('of a suspended user');
  const link = `href="/bob?before=${messageId + 1}"`;
  expect((await mo.get('/moderation')).text).toContain(link);
  await decide(mo, '/moderation/suspend/bob', { duration: '1' });
  const { text } = await mo.get('/moderation');
  expect(text).toContain('of a suspended user');
  expect(text).not.toContain(link);
  await decide(mo, '/moderation/lift/bob');
});

test('logs that a moderator has decided, without the reason', async () => {
  const { logger, lines } = captureLog();
  const client = visitor(withSettings({}, logger));
  await client.login('mo', 'a password');
  const { messageId } = await reportMessage('logged');
  await decide(client, `/moderation/hide/${messageId}`, { reason: 'a private reason' });
  const userId = (await repositories.users.findUser('mo'))?.userId;
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ event: 'moderated', userId }),
  );
  expect(lines.join('')).not.toContain('a private reason');
});
