import { expect, test } from 'vitest';
import { RESERVED_NAMES, normalizeUsername, usernameProblem } from '../../src/forms/username.ts';

test.each([
  'alice',
  'Roger Histand',
  'Ægir',
  '明',
  'سارا\u200cجان',
  '👩‍👩‍👧‍👦',
  '👩🏽‍❤️‍💋‍👨🏿',
  '❤️',
  'क्\u200dष',
  'র\u200d্যাম',
  'അവന്\u200d',
  '辻\u{e0100}',
  '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
  "O'Brien",
  'a.b-c_d',
  'constructor',
  '%2F',
  '<b>',
  '"quoted"',
  'x'.repeat(64),
  '🐙'.repeat(64),
])('%s is a username', (username) => {
  expect(usernameProblem(username)).toBeNull();
});

test.each([
  ['', 'You have to enter a username'],
  ['   ', 'You have to enter a username'],
  ['\u200b', 'You have to enter a username'],
  ['\u3164', 'You have to enter a username'],
  ['\u2800', 'You have to enter a username'],
  ['\u202e', 'You have to enter a username'],
  ['x'.repeat(65), 'Your username can have at most 64 characters'],
  ['🐙'.repeat(65), 'Your username can have at most 64 characters'],
  [' alice', 'Your username cannot begin or end with a space'],
  ['alice ', 'Your username cannot begin or end with a space'],
  ['alice\u00a0', 'Your username cannot begin or end with a space'],
  ['alice\n', 'Your username cannot begin or end with a space'],
  ['a/b', 'Your username cannot contain a slash (/)'],
  ['al\u0000ice', 'Your username cannot contain invisible characters'],
  ['al\tice', 'Your username can have no white space but single spaces'],
  ['al  ice', 'Your username can have no white space but single spaces'],
  ['al\u00a0ice', 'Your username can have no white space but single spaces'],
  ['\u0301alice', 'Your username cannot begin with an accent, or have more than four in a row'],
  [
    'x' + '\u0336'.repeat(5),
    'Your username cannot begin with an accent, or have more than four in a row',
  ],
  ['al\ufffdice', 'Your username cannot contain invisible characters'],
  ['al\uffffice', 'Your username cannot contain invisible characters'],
  ['al\ue000ice', 'Your username cannot contain invisible characters'],
  ['al\u0085ice', 'Your username cannot contain invisible characters'],
  ['al\u200bice', 'Your username cannot contain invisible characters'],
  ['al\u202eice', 'Your username cannot contain invisible characters'],
  ['al\u2028ice', 'Your username can have no white space but single spaces'],
  ['al\ufeffice', 'Your username can have no white space but single spaces'],
  ['alice\u200d', 'Your username cannot contain invisible characters'],
  ['\u200calice', 'Your username cannot contain invisible characters'],
  ['al\u200dice', 'Your username cannot contain invisible characters'],
  ['alice\ufe0f', 'Your username cannot contain invisible characters'],
  ['alice\u2800', 'Your username cannot contain invisible characters'],
  ['al\u{e0061}ice', 'Your username cannot contain invisible characters'],
  ['al\ufff9ice', 'Your username cannot contain invisible characters'],
  ['login', 'This username is reserved: choose another'],
  ['LogIn', 'This username is reserved: choose another'],
  ['..', 'This username is reserved: choose another'],
])('%j is refused', (username, problem) => {
  expect(usernameProblem(username)).toBe(problem);
});

test('the two ways to write a letter with its accent are one name', () => {
  expect(normalizeUsername('Zoe\u0308')).toBe('Zo\u00eb');
});

test('reserved names are kept in the case in which they are compared', () => {
  for (const name of RESERVED_NAMES) expect(name).toBe(name.toLowerCase());
});
