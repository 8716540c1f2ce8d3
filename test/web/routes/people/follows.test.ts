import { expect, test } from 'vitest';
import { useMiniTwit } from '../../../support/minitwit.ts';

const { visitor, user, repositories } = useMiniTwit();
const isFollowing = async (reader: string, author: string) => {
  const [one, other] = await Promise.all(
    [reader, author].map((name) => repositories.users.findUser(name)),
  );
  return repositories.followers.isFollowing(one?.userId ?? 0, other?.userId ?? 0);
};

test('follow and unfollow redirect to the page of the user and can be repeated', async () => {
  await user('bob');
  const alice = await user('alice');
  for (let times = 0; times < 2; times++) {
    const response = await alice.agent.post('/bob/follow');
    expect(response.status).toBe(302);
    expect(response.headers.location).toBe('/bob');
    expect((await alice.get('/bob')).text).toContain('You are now following &#34;bob&#34;');
    expect(await isFollowing('alice', 'bob')).toBe(true);
  }
  for (let times = 0; times < 2; times++) {
    const { text } = await alice.post('/bob/unfollow');
    expect(text).toContain('You are no longer following &#34;bob&#34;');
    expect(await isFollowing('alice', 'bob')).toBe(false);
  }
});

test.each(['follow', 'unfollow'])(
  '%s returns 401 without a session, and 404 for an unknown user',
  async (act) => {
    expect((await visitor().post(`/bob/${act}`)).status).toBe(401);
    expect((await visitor().get(`/nobody/${act}`)).status).toBe(401);
    const client = await user(`${act}er`);
    expect((await client.post(`/nobody/${act}`)).status).toBe(404);
    expect((await client.get(`/nobody/${act}`)).status).toBe(404);
  },
);

test.each(['follow', 'unfollow'])('%s returns 409 for the form of another user', async (act) => {
  await user(`${act}ed`);
  const one = await user(`one who ${act}s`);
  const { text } = await one.get(`/${act}ed`);
  expect(text).toContain(`name="signed_in_as" value="one who ${act}s"`);
  const { status, text: page } = await one.post(`/${act}ed/${act}`, { signed_in_as: 'dora' });
  expect(status).toBe(409);
  expect(page).toContain('dora opened this page');
  expect(page).toContain(`you are now signed in as one who ${act}s`);
  expect(await isFollowing(`one who ${act}s`, `${act}ed`)).toBe(false);
  expect((await one.post(`/${act}ed/${act}`, { signed_in_as: `one who ${act}s` })).status).toBe(
    200,
  );
});

test('returns 400 if a user follows themselves', async () => {
  const carol = await user('carol');
  const response = await carol.post('/carol/follow');
  expect(response.status).toBe(400);
  expect(response.text).toContain('You cannot follow yourself.');
});
