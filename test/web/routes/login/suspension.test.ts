import { expect, test } from 'vitest';
import { useMiniTwit } from '../../../support/minitwit.ts';

const { visitor, user, repositories, anotherInstance } = useMiniTwit();
const { profiles, hiddenAuthors } = repositories;
const FUTURE_S = 4_000_000_000;
const source = { actor: null, reason: 'spam' };
const other = anotherInstance();

async function suspend(username: string, untilS: number | null): Promise<number> {
  const { userId } = (await profiles.findProfile(username)) ?? { userId: 0 };
  expect(await hiddenAuthors.suspend(userId, untilS, source)).toBe(true);
  return userId;
}

test('no page of any instance shows the messages of a suspended user', async () => {
  const alice = await user('alice');
  await alice.addMessage('a message of alice');
  const bob = await user('bob');
  await bob.post('/alice/follow');
  await bob.addMessage('@alice a message of bob');
  const elsewhere = visitor(other);
  await elsewhere.login('bob', 'a password');
  const readAll = () =>
    Promise.all(
      [bob, elsewhere].flatMap(({ get }) =>
        ['/', '/public', '/?before=1000', '/public?before=1000'].map((path) => get(path)),
      ),
    );
  for (const { text } of await readAll()) expect(text).toContain('a message of alice');

  const newestIds = (await profiles.findProfile('alice'))?.newestIds ?? [];
  const reportPath = `/report/message/${newestIds[0]}`;
  expect((await bob.get(reportPath)).text).toContain('a message of alice');

  const userId = await suspend('alice', null);
  for (const { status, text } of await readAll()) {
    expect(status).toBe(200);
    expect(text).not.toContain('a message of alice');
    expect(text).toContain('a message of bob');
    // A mention in the message of another user is still a link.
    expect(text).toContain('<a href="/alice">@alice</a>');
  }
  expect((await bob.get(reportPath)).status).toBe(404);
  for (const reader of [visitor(), visitor(other), bob]) {
    for (const path of ['/alice', '/alice?before=1000', '/alice?after=1']) {
      const { status, text } = await reader.get(path);
      expect(status).toBe(404);
      expect(text).toContain('The account “alice” is suspended, so its messages are not shown.');
    }
  }
  const follow = await bob.post('/alice/follow');
  expect(follow.text).not.toContain('a message of alice');

  await hiddenAuthors.liftSuspension(userId, source);
  for (const { text } of await readAll()) expect(text).toContain('a message of alice');
});

test('a suspended user is signed out everywhere, and learns of it after the correct password only', async () => {
  const carol = await user('carol');
  const elsewhere = visitor(other);
  await elsewhere.login('carol', 'a password');
  await suspend('carol', FUTURE_S);
  for (const { get, addMessage } of [carol, elsewhere]) {
    expect((await get('/settings')).status).toBe(401);
    const { status, text } = await addMessage('while suspended');
    expect(status).toBe(401);
    expect(text).toContain('while suspended</textarea>');
  }
  const { login, get } = visitor(other);
  const wrong = await login('carol', 'wrong');
  expect(wrong.text).toContain('Invalid password');
  expect(wrong.text).not.toContain('suspended');
  const right = await login('carol', 'a password');
  expect(right.status).toBe(403);
  expect(right.text).toContain('Your account is suspended until 2096-10-02 07:06 UTC.');
  expect((await get('/settings')).status).toBe(401);
});

test('a login after the end of the suspension works at once, and shows the messages again', async () => {
  const dave = await user('dave');
  await dave.addMessage('a message of dave');
  await suspend('dave', 1000);
  expect((await visitor().get('/dave')).status).toBe(404);
  expect((await visitor(other).login('dave', 'a password')).text).toContain('You were logged in');
  expect((await visitor().get('/dave')).text).toContain('a message of dave');
});
