import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { visitor, user, database } = useMiniTwit();

async function countMessages(): Promise<number> {
  return (await database.select('select 1 from message')).length;
}

test('a posted message is first on the home timeline, which shows the flash message', async () => {
  const alice = await user('alice');
  await alice.addMessage('first');
  const { text } = await alice.addMessage('second 🐙 שלום');
  expect(text).toContain('Your message was recorded');
  expect(text.indexOf('second 🐙 שלום')).toBeLessThan(text.indexOf('first'));
});

test.each(['', '   ', '\n\t', '\u200b\u2060', '\u3164', '\u0000'])(
  'redirects without a post for the blank text %j',
  async (nothing) => {
    const before = await countMessages();
    const client = await user(`silent-${Buffer.from(nothing).toString('hex')}`);
    const response = await client.agent.post('/add_message').type('form').send({ text: nothing });
    expect(response.status).toBe(302);
    expect(response.headers.location).toBe('/');
    expect((await client.get('/')).text).not.toContain('recorded');
    expect(await countMessages()).toBe(before);
  },
);

test('posts a message of 280 graphemes', async () => {
  const bob = await user('bob');
  expect((await bob.addMessage('👍🏽'.repeat(280))).text).toContain('Your message was recorded');
});

test('returns a message of 1,001 code points in the post box', async () => {
  const erin = await user('accented');
  const before = await countMessages();
  const text = `${`e${'\u0301'.repeat(9)}`.repeat(100)}!`;
  const response = await erin.addMessage(text);
  expect(response.status).toBe(200);
  expect(response.text).toContain('Your message has 1001 code points');
  expect(response.text).toContain(`${text}</textarea>`);
  expect(await countMessages()).toBe(before);
});

test('returns a message of 281 characters in the post box', async () => {
  const carol = await user('carol');
  const before = await countMessages();
  const text = `${'x'.repeat(278)}<b>`;
  const response = await carol.addMessage(text);
  expect(response.status).toBe(200);
  expect(response.text).toContain('Your message has 281 characters.');
  expect(response.text).toContain(`${'x'.repeat(278)}&lt;b&gt;</textarea>`);
  expect(await countMessages()).toBe(before);
});

test('returns 401 without a session, with the message on the page', async () => {
  const before = await countMessages();
  const response = await visitor().addMessage('written for an <hour>');
  expect(response.status).toBe(401);
  expect(response.text).toContain('written for an &lt;hour&gt;</textarea>');
  expect(response.text).toContain('href="/login"');
  expect(await countMessages()).toBe(before);
});

test('a message posted after the end of a session is in the post box after the login', async () => {
  await user('paula');
  const before = await countMessages();
  const paula = visitor();
  const text = '\n  first line\n"second" & <last>';
  const { text: page } = await paula.addMessage(text);
  expect(page).toContain('<form class="account" action="/login" method="post"');
  expect(page).toMatch(
    /first line\n&(?:quot|#34);second&(?:quot|#34); &amp; &lt;last&gt;<\/textarea>/,
  );

  // The form retains the message after a wrong password. Browsers send line ends as CRLF.
  const form = { username: 'paula', password: 'wrong', draft: text.replaceAll('\n', '\r\n') };
  const wrong = await paula.post('/login', form);
  expect(wrong.text).toContain('Invalid password');
  expect(wrong.text).toContain('&lt;last&gt;</textarea>');
  const right = await paula.post('/login', { ...form, password: 'a password' });
  expect(right.status).toBe(200);
  expect(right.text).toContain('You were logged in');
  expect(right.text).toContain('sign out [paula]');
  expect(right.headers['cache-control']).toBe('private, no-store');
  expect(right.text).toMatch(
    /name="text"[^>]*>\n\n {2}first line\n&(?:quot|#34);second&(?:quot|#34); &amp; &lt;last&gt;<\/textarea>/,
  );
  expect(right.text).not.toContain('role="alert"');
  expect(await countMessages()).toBe(before);
  // A reload of the page sends the same form again.
  expect((await paula.post('/login', form)).text).toContain('&lt;last&gt;</textarea>');
});

test('the error page shows a message that is too long for the login form', async () => {
  const text = '🐙'.repeat(1500);
  const { status, text: page } = await visitor().addMessage(text);
  expect(status).toBe(401);
  expect(page).toContain(`${text}</textarea>`);
  expect(page).not.toContain('name="draft"');
});

test('the login form accepts the longest draft', async () => {
  await user('petra');
  const petra = visitor();
  const draft = '漢'.repeat(2800);
  expect((await petra.addMessage(draft)).text).toContain('name="draft"');
  const login = await petra.post('/login', { username: 'petra', password: 'a password', draft });
  expect(login.text).toContain(`${draft}</textarea>`);
});

test('returns 409 for a message of another user, and posts it after a confirmation', async () => {
  await user('quentin');
  const rose = await user('rose');
  const { text: timeline } = await rose.get('/');
  expect(timeline).toContain('<input type="hidden" name="signed_in_as" value="rose">');
  const before = await countMessages();
  const form = { text: 'from <quentin>', signed_in_as: 'quentin' };
  const { status, text } = await rose.post('/add_message', form);
  expect(status).toBe(409);
  expect(text).toContain('Post as rose?');
  expect(text).toContain('<strong>quentin</strong>');
  expect(text).toContain('from &lt;quentin&gt;</textarea>');
  expect(text).toContain('<input type="hidden" name="signed_in_as" value="rose">');
  expect(await countMessages()).toBe(before);
  const confirmed = await rose.post('/add_message', { ...form, signed_in_as: 'rose' });
  expect(confirmed.text).toContain('Your message was recorded');
});

test('posts a message of a form without `signed_in_as`', async () => {
  const sara = await user('sara');
  expect((await sara.addMessage('no name')).text).toContain('Your message was recorded');
});

test('returns 409 for the delete form of another user', async () => {
  const tina = await user('tina');
  const { text } = await tina.addMessage('stays');
  const [, path = ''] = /href="(\/delete_message\/\d+)"/.exec(text) ?? [];
  expect((await tina.get(path)).text).toContain('name="signed_in_as" value="tina"');
  expect((await tina.post(path, { signed_in_as: 'ulla' })).status).toBe(409);
  expect((await tina.get('/')).text).toContain('stays');
});

test('a user deletes a message after a confirmation', async () => {
  const dave = await user('dave');
  const { text } = await dave.addMessage('a mistake');
  const path = /href="(\/delete_message\/\d+)"/.exec(text)?.[1] ?? '';
  const question = await dave.get(path);
  expect(question.text).toContain('Delete this message?');
  expect(question.text).toContain('a mistake');
  expect((await dave.get('/dave')).text).toContain('a mistake');

  const answer = await dave.post(path);
  expect(answer.text).toContain('Your message was deleted');
  expect(answer.text).not.toContain('a mistake');
  expect((await dave.get(path)).status).toBe(404);
  expect((await dave.post(path)).status).toBe(404);
});

test('returns 403 if a user deletes the message of another user', async () => {
  const erin = await user('erin');
  const { text } = await erin.addMessage('mine');
  const path = /href="(\/delete_message\/\d+)"/.exec(text)?.[1] ?? '';
  const frank = await user('frank');
  expect((await frank.get('/erin')).text).not.toContain('/delete_message/');
  expect((await frank.get(path)).status).toBe(403);
  expect((await frank.post(path)).status).toBe(403);
  expect((await visitor().post(path)).status).toBe(401);
  expect((await erin.get('/erin')).text).toContain('mine');
});

test.each(['0', '-1', '1.5', 'x', '1e3', '99999999999999999999', '%00'])(
  'returns 404 for the message id %s',
  async (id) => {
    const client = await user(`deleter ${id.replace('%', '')}`);
    expect((await client.get(`/delete_message/${id}`)).status).toBe(404);
  },
);
