import { beforeAll, expect, test } from 'vitest';
import { useMiniTwit, type Visitor } from '../../../support/minitwit.ts';

const { user, visitor, repositories } = useMiniTwit();
let reader: Visitor;

beforeAll(async () => {
  reader = await user('reader');
  await (await user('loud')).addMessage('written by loud');
  await (await user('calm')).addMessage('written by calm');
  await reader.post('/calm/follow');
});

test('a mute hides the messages of a user on the timelines of the reader, but not on the user’s page', async () => {
  await reader.post('/loud/follow');
  const muted = await reader.post('/loud/mute');
  expect(muted.text).toContain('You have muted &#34;loud&#34;');
  expect(muted.text).toContain('You have muted this user');
  expect(muted.text).toContain('written by loud');
  for (const path of ['/', '/public']) {
    const { text } = await reader.get(path);
    expect(text).toContain('written by calm');
    expect(text).not.toContain('written by loud');
  }
  expect((await visitor().get('/public')).text).toContain('written by loud');
  const { text } = await reader.post('/loud/unmute');
  expect(text).toContain('You no longer mute &#34;loud&#34;');
  for (const path of ['/', '/public']) {
    expect((await reader.get(path)).text).toContain('written by loud');
  }
});

test('a user who is followed after a mute is muted, too', async () => {
  const other = await user('other');
  await other.post('/loud/mute');
  await other.post('/loud/follow');
  expect((await other.get('/')).text).not.toContain('written by loud');
  expect((await other.get('/loud')).text).toContain('You are currently following this user.');
});

test('the settings list the muted users, with a button that ends the mute', async () => {
  expect((await reader.get('/settings')).text).toContain('href="/settings/mutes"');
  expect((await reader.get('/settings/mutes')).text).toContain('You have muted no users.');
  await reader.post('/loud/mute');
  const { text } = await reader.get('/settings/mutes');
  expect(text).toContain('action="/loud/unmute"');
  await reader.post('/loud/unmute');
  expect((await reader.get('/settings/mutes')).text).not.toContain('action="/loud/unmute"');
});

test.each(['mute', 'unmute'])(
  '%s needs a login, a user, and the form of this user',
  async (act) => {
    expect((await visitor().post(`/loud/${act}`)).status).toBe(401);
    expect((await reader.post(`/nobody/${act}`)).status).toBe(404);
    expect((await reader.post(`/loud/${act}`, { signed_in_as: 'calm' })).status).toBe(409);
    expect((await reader.agent.get(`/loud/${act}`)).status).toBe(405);
    const { userId = 0 } = (await repositories.users.findUser('reader')) ?? {};
    expect((await repositories.mutes.listMuted(userId, '')).usernames).toEqual([]);
  },
);

test('a user cannot mute themselves', async () => {
  const response = await reader.post('/reader/mute');
  expect(response.status).toBe(400);
  expect(response.text).toContain('You cannot mute yourself.');
});

test('the list of muted users needs a login and a valid page', async () => {
  expect((await visitor().get('/settings/mutes')).status).toBe(401);
  expect((await visitor().get('/settings/blocks')).status).toBe(401);
  for (const query of [`after=${'x'.repeat(65)}`, 'after=a&after=b']) {
    const { status } = await reader.get(`/settings/mutes?${query}`);
    expect(status, query).toBe(400);
  }
});
