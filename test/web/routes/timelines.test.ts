import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { visitor, user, repositories } = useMiniTwit();

test('/ redirects to the public timeline without a session', async () => {
  const response = await visitor().agent.get('/');
  expect(response.status).toBe(302);
  expect(response.headers.location).toBe('/public');
});

test('the public timeline has the texts of MiniTwit', async () => {
  const { text } = await visitor().get('/public');
  expect(text).toContain('<title>Public Timeline | MiniTwit</title>');
  expect(text).toContain('<h1>Public Timeline</h1>');
  for (const link of ['public timeline', 'sign up', 'sign in'])
    expect(text).toContain(`>${link}</a>`);
  expect(text).toContain("There's no message so far.");
  expect(text).not.toContain('<textarea');
});

test('the home timeline has the post box and the texts of MiniTwit', async () => {
  const { text } = await (await user('alice')).get('/');
  expect(text).toContain('<title>My Timeline | MiniTwit</title>');
  expect(text).toContain("What's on your mind alice?");
  for (const link of ['my timeline', 'public timeline']) expect(text).toContain(`>${link}</a>`);
  expect(text).toContain('sign out [alice]');
});

test("a user's page shows the username and whether the reader follows the user", async () => {
  const bob = await user('bob');
  const carol = await user('carol');
  expect((await bob.get('/bob')).text).toContain('This is you!');
  expect((await carol.get('/bob')).text).toContain('You are not yet following this user.');
  await carol.post('/bob/follow');
  const { text } = await carol.get('/bob');
  expect(text).toContain("<title>bob's Timeline | MiniTwit</title>");
  expect(text).toContain("<h1>bob's Timeline</h1>");
  expect(text).toContain('You are currently following this user.');
  expect(text).toMatch(/<strong>1<\/strong> follower ·\s*<strong>0<\/strong> following/);
  expect((await carol.get('/carol')).text).toMatch(
    /<strong>0<\/strong> followers ·\s*<strong>1<\/strong> following/,
  );

  const anonymous = (await visitor().get('/bob')).text;
  expect(anonymous).toContain("bob's Timeline");
  expect(anonymous).not.toMatch(/following this user|This is you/);
});

test('returns 404 for an unknown user', async () => {
  const { status, text } = await visitor().get('/nobody');
  expect(status).toBe(404);
  expect(text).toContain('There is no user called “nobody”.');
});

test.each([
  'Roger Histand',
  'Ægir',
  '明',
  'a?b#c&d=e',
  '100%',
  '<i>"x"',
  'שלום',
  '🐙',
  'x\\y',
  'constructor',
])('a user with the name %s has a page, a picture and followers', async (username) => {
  const client = await user(username);
  const { text } = await client.addMessage(`I am ${username}`);
  const path = /<a class="author" href="(\/[^"]+)"/.exec(text)?.[1] ?? '';
  expect((await client.get(path)).text).toContain('This is you!');
  expect(
    (await visitor().agent.get(/<img src="(\/avatars\/[^"]+)"/.exec(text)?.[1] ?? '')).status,
  ).toBe(200);

  const fan = await user(`fan of ${username}`);
  const page = (await fan.get(path)).text;
  const follow = /<form action="([^"]+\/follow)"/.exec(page)?.[1] ?? '';
  const followed = await fan.post(follow.replaceAll('&amp;', '&'));
  expect(followed.status).toBe(200);
  expect(followed.text).toContain('You are now following');
  expect(followed.text).toContain('You are currently following this user.');
});

test('pages have links to the older and the newer page', async () => {
  const writer = await repositories.users.createUser({
    username: 'writer',
    email: 'w@example.com',
    passwordHash: 'x',
  });
  for (let number = 1; number <= 65; number++) {
    await repositories.messages.createMessage(writer, `number ${number}.`);
  }
  const client = visitor();
  const shown = (text: string) =>
    Array.from(text.matchAll(/number (\d+)\./g), ([, number]) => Number(number));
  const link = (text: string, words: string) =>
    new RegExp(`href="([^"]+)">${words}<`).exec(text)?.[1] ?? '';

  const first = (await client.get('/writer')).text;
  expect(shown(first)).toEqual(Array.from({ length: 30 }, (_, index) => 65 - index));
  expect(first).not.toContain('Newer');
  const second = (await client.get(link(first, 'Older →'))).text;
  expect(shown(second)).toEqual(Array.from({ length: 30 }, (_, index) => 35 - index));
  const third = (await client.get(link(second, 'Older →'))).text;
  expect(shown(third)).toEqual([5, 4, 3, 2, 1]);
  expect(third).not.toContain('Older');

  expect(shown((await client.get(link(third, '← Newer'))).text)).toEqual(shown(second));
  expect(shown((await client.get(link(second, '← Newer'))).text)).toEqual(shown(first));
});

test('an older page without messages has a link to the newest page', async () => {
  const client = await user('frida');
  const readers = [visitor(), client];
  for (const path of ['/public', '/frida', '/']) {
    for (const reader of path === '/' ? [client] : readers) {
      const { text } = await reader.get(`${path}?before=1`);
      expect(text).toContain('There are no older messages.');
      expect(text).toContain(`<a href="${path}">Go to the newest messages.</a>`);
      expect(text).not.toContain("There's no message so far.");
      expect(text).not.toContain('aria-label="Pages"');
    }
  }
  expect((await client.get('/frida')).text).toContain("There's no message so far.");
});

test('collapses the lines of a message after the twelfth', async () => {
  const gina = await user('gina');
  const { text } = await gina.addMessage(`one @gina${'\n'.repeat(12)}thirteen @gina <b>`);
  const [, visible, hidden] =
    /<span class="text">one ([^]*?)<\/span>[^]*?<details>\s*<summary><bdi>1 more line<\/bdi><\/summary>\s*<p class="text">thirteen ([^]*?)<\/p>\s*<\/details>/.exec(
      text,
    ) ?? [];
  const mention = '<bdi><a href="/gina">@gina</a></bdi>';
  expect(visible).toBe(`${mention}${'\n'.repeat(11)}`);
  expect(hidden).toBe(`${mention} &lt;b&gt;`);
  const path = /href="(\/delete_message\/\d+)"/.exec(text)?.[1] ?? '';
  expect((await gina.get(path)).text).toContain('1 more line');
  // A message of twelve lines is not collapsed.
  expect((await gina.addMessage(`a${'\n'.repeat(11)}b`)).text.match(/<details>/g)).toHaveLength(1);
});

test('a message shows its time as text and in ISO format', async () => {
  const { text } = await (await user('dave')).addMessage('on time');
  const [, iso, date, time] =
    /on time[^]*?<time datetime="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)">(\d{4}-\d\d-\d\d) @ (\d\d:\d\d) UTC<\/time>/.exec(
      text,
    ) ?? [];
  expect(iso).toContain(`${date}T${time}:`);
  expect(Math.abs(Date.parse(iso ?? '') - Date.now())).toBeLessThan(60_000);
});

test('a message shows links and mentions, and escapes markup', async () => {
  const { text } = await (
    await user('erin')
  ).addMessage('<script>alert(1)</script> @alice https://example.com/?a="b"&c');
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  // `bdi` isolates a username whose direction differs from that of the message.
  expect(text).toContain('<bdi><a href="/alice">@alice</a></bdi>');
  expect(text).toContain(
    '<a href="https://example.com/?a=&#34;b&#34;&amp;c" rel="nofollow ugc noopener">',
  );
});
