import { beforeAll, expect, test } from 'vitest';
import { testLimits, useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { user, visitor, withSettings, repositories } = useMiniTwit();
const HIDDEN = "You and this user do not see each other's messages.";
let alice: Visitor;
let bob: Visitor;

beforeAll(async () => {
  alice = await user('alice');
  bob = await user('bob');
  await alice.addMessage('written by alice');
  await bob.addMessage('written by bob');
});

/** Logs in on an instance with its own session. */
async function logIn(username: string, client = visitor()): Promise<Visitor> {
  await client.login(username, 'a password');
  return client;
}

test('a block hides the messages of both from each other until it ends', async () => {
  await bob.post('/alice/follow');
  const blocked = await alice.post('/bob/block');
  expect(blocked.text).toContain('You have blocked &#34;bob&#34;');
  expect(blocked.text).toContain('You have blocked <bdi>bob</bdi>.');
  for (const [reader, author] of [
    [alice, 'bob'],
    [bob, 'alice'],
  ] as const) {
    const page = await reader.get(`/${author}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain(HIDDEN);
    for (const path of ['/', '/public', `/${author}`]) {
      expect((await reader.get(path)).text).not.toContain(`written by ${author}`);
    }
    expect((await reader.get(`/${author}`)).text).not.toContain(`/${author}/follow"`);
  }
  expect((await bob.get('/alice')).text).toContain('<bdi>alice</bdi> has blocked you.');
  // All other readers see both.
  for (const reader of [visitor(), await user('carol')]) {
    const { text } = await reader.get('/public');
    expect(text).toContain('written by alice');
    expect(text).toContain('written by bob');
  }
  expect((await bob.post('/alice/follow')).status).toBe(403);

  const { text } = await alice.post('/bob/unblock');
  expect(text).toContain('You no longer block &#34;bob&#34;');
  expect(text).toContain('written by bob');
  expect((await bob.get('/public')).text).toContain('written by alice');
  expect((await bob.get('/alice')).text).toContain('You are not yet following this user.');
});

test('the form that reports a message does not show it across a block, and can be sent', async () => {
  await bob.addMessage('an old insult');
  const messageId = (await repositories.profiles.findProfile('bob'))?.newestIds[0] ?? 0;
  const path = `/report/message/${messageId}`;
  expect((await alice.get(path)).text).toContain('an old insult');
  for (const [blocking, other] of [
    [alice, 'bob'],
    [bob, 'alice'],
  ] as const) {
    await blocking.post(`/${other}/block`);
    for (const form of [await alice.get(path), await alice.post(path, { reason: '' })]) {
      expect(form.text).not.toContain('an old insult');
      expect(form.text).toContain(HIDDEN);
    }
    await blocking.post(`/${other}/unblock`);
  }
  await bob.post('/alice/block');
  expect((await alice.post(path, { reason: 'harassment', text: '' })).text).toContain('Thank you.');
  await bob.post('/alice/unblock');
});

test('a block forbids mentions of each other, and the text stays in the box', async () => {
  await alice.post('/bob/block');
  const own = await alice.addMessage('Hello @bob and @carol');
  expect(own.text).toContain('You cannot mention bob, because you have blocked bob.');
  expect(own.text).toContain('Hello @bob and @carol</textarea>');
  const other = await bob.addMessage('Hello @alice');
  expect(other.text).toContain('You cannot mention alice, because alice has blocked you.');
  expect((await bob.addMessage('Hello @carol')).text).toContain('Your message was recorded');
  // An email address is no mention.
  expect((await bob.addMessage('x@alice')).text).toContain('Your message was recorded');
  expect((await visitor().get('/public')).text).not.toContain('Hello @alice');
  await alice.post('/bob/unblock');
  expect((await bob.addMessage('Hello @alice')).text).toContain('Your message was recorded');
});

test('the settings list the blocked users, with a button that ends the block', async () => {
  const dora = await user('dora');
  expect((await dora.get('/settings')).text).toContain('href="/settings/blocks"');
  expect((await dora.get('/settings/blocks')).text).toContain('You have blocked no users.');
  const names = Array.from({ length: 51 }, (_, index) => `<spam> ${100 + index}`);
  const doraId = (await repositories.users.findUser('dora'))?.userId ?? 0;
  for (const username of names) {
    const other = await repositories.users.createUser({
      username,
      email: 'a@b',
      passwordHash: 'x',
    });
    await repositories.blocks.block(doraId, other);
  }
  const { text } = await dora.get('/settings/blocks');
  expect(text).toContain('action="/%3Cspam%3E%20100/unblock"');
  expect(text).toContain('<bdi>&lt;spam&gt; 149</bdi>');
  expect(text).not.toContain('spam&gt; 150');
  const [, next = ''] = /href="([^"]*after=[^"]*)"/.exec(text) ?? [];
  expect((await dora.get(next)).text).toContain('<bdi>&lt;spam&gt; 150</bdi>');
  await dora.post('/%3Cspam%3E%20100/unblock', { signed_in_as: 'dora' });
  expect((await dora.get('/settings/blocks')).text).not.toContain('spam&gt; 100');
});

test.each(['block', 'unblock'])(
  '%s needs a login, a user, and the form of this user',
  async (act) => {
    expect((await visitor().post(`/bob/${act}`)).status).toBe(401);
    expect((await alice.post(`/nobody/${act}`)).status).toBe(404);
    expect((await alice.post(`/bob/${act}`, { signed_in_as: 'carol' })).status).toBe(409);
    expect((await alice.agent.get(`/bob/${act}`)).status).toBe(405);
    const { userId = 0 } = (await repositories.users.findUser('alice')) ?? {};
    expect((await repositories.blocks.listBlocked(userId, '')).usernames).toEqual([]);
  },
);

test('a user cannot block themselves', async () => {
  const response = await alice.post('/alice/block');
  expect(response.status).toBe(400);
  expect(response.text).toContain('You cannot block yourself.');
  expect((await alice.get('/alice')).text).not.toContain('/alice/block');
});

test('blocks and mutes count towards the limit of follows', async () => {
  const limited = withSettings({ rateLimits: { ...testLimits, followsPerUser: 2 } });
  const client = await logIn('bob', visitor(limited));
  await client.post('/alice/mute');
  await client.post('/alice/unmute');
  const { status, text } = await client.post('/alice/block');
  expect(status).toBe(429);
  expect(text).toContain('You have followed, blocked or muted a lot');
});
