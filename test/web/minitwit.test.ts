import { expect, test } from 'vitest';
import { useMiniTwit } from '../support/minitwit.ts';

// The scenarios of MiniTwit's own tests, by their names.
const { visitor } = useMiniTwit();

test('test_register', async () => {
  const user = visitor();
  const register = async (...form: Parameters<typeof user.register>) =>
    (await user.register(...form)).text;

  expect(await register('user1', 'default')).toContain(
    'You were successfully registered and can login now',
  );
  expect(await register('user1', 'default')).toContain('The username is already taken');
  expect(await register('', 'default')).toContain('You have to enter a username');
  expect(await register('meh', '')).toContain('You have to enter a password');
  expect(await register('meh', 'x', { password2: 'y' })).toContain(
    'The two passwords do not match',
  );
  expect(await register('meh', 'foo', { email: 'broken' })).toContain(
    'You have to enter a valid email address',
  );
});

test('test_login_logout', async () => {
  const user = visitor();
  await user.register('user2', 'default');

  expect((await user.login('user2', 'default')).text).toContain('You were logged in');
  expect((await user.logout()).text).toContain('You were logged out');
  expect((await user.login('user2', 'wrongpassword')).text).toContain('Invalid password');
  expect((await user.login('user3', 'wrongpassword')).text).toContain('Invalid username');
});

test('test_message_recording', async () => {
  const foo = visitor();
  await foo.register('foo', 'default');
  await foo.login('foo', 'default');

  expect((await foo.addMessage('test message 1')).text).toContain('Your message was recorded');
  await foo.addMessage('<test message 2>');

  const { text } = await foo.get('/');
  expect(text).toContain('test message 1');
  expect(text).toContain('&lt;test message 2&gt;');
});

test('test_timelines', async () => {
  const user = visitor();
  const read = async (path: string) => (await user.get(path)).text;
  await user.register('tom', 'default');
  await user.login('tom', 'default');
  await user.addMessage('the message by tom');
  await user.logout();
  await user.register('bar', 'default');
  await user.login('bar', 'default');
  await user.addMessage('the message by bar');

  const everyone = await read('/public');
  expect(everyone).toContain('the message by tom');
  expect(everyone).toContain('the message by bar');

  // The home timeline of bar has the messages of bar only.
  const mine = await read('/');
  expect(mine).not.toContain('the message by tom');
  expect(mine).toContain('the message by bar');

  // After the follow, it has the messages of tom, too.
  expect(await read('/tom/follow')).toContain('You are now following &#34;tom&#34;');
  const withTom = await read('/');
  expect(withTom).toContain('the message by tom');
  expect(withTom).toContain('the message by bar');

  // The page of a user has the messages of that user only.
  const bar = await read('/bar');
  expect(bar).not.toContain('the message by tom');
  expect(bar).toContain('the message by bar');
  const tom = await read('/tom');
  expect(tom).toContain('the message by tom');
  expect(tom).not.toContain('the message by bar');

  expect(await read('/tom/unfollow')).toContain('You are no longer following &#34;tom&#34;');
  const withoutTom = await read('/');
  expect(withoutTom).not.toContain('the message by tom');
  expect(withoutTom).toContain('the message by bar');
});
