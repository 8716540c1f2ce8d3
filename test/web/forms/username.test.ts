import { expect, test } from 'vitest';
import { readForm } from '../../../src/web/forms/form.ts';
import { loginForm } from '../../../src/web/forms/login.ts';
import { RESERVED_NAMES, ROUTE_NAMES } from '../../../src/web/forms/reserved-names.ts';
import {
  normalizeUsername,
  readUsername,
  usernameProblem,
} from '../../../src/web/forms/username.ts';
import { codePoints, spyOnNormalize } from '../../support/unicode.ts';

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
  ['Admin', 'This username is reserved: choose another'],
  ['security.txt', 'This username is reserved: choose another'],
  ['LogIn', 'This username is reserved: choose another'],
  ['..', 'This username is reserved: choose another'],
])('%j is refused', (username, problem) => {
  expect(usernameProblem(username)).toBe(problem);
});

test('the two ways to write a letter with its accent are one name', () => {
  expect(normalizeUsername('Zoe\u0308')).toBe('Zo\u00eb');
});

test.each([
  ['alice ', 'alice'],
  ['  alice  ', 'alice'],
  [' Roger Histand ', 'Roger Histand'],
  ['alice\u00a0', 'alice\u00a0'],
  ['   ', ''],
])('a form that sends %j names %j', (username, expected) => {
  expect(readForm(loginForm, { username }).username).toBe(expected);
});

test('a name of 64 code points has its length once it is normalized, not before', () => {
  // The longest decomposition: one code point in NFC, four as it is typed.
  const decomposed = '\u1f82'.normalize('NFD');
  expect(Array.from(decomposed)).toHaveLength(4);
  expect(readUsername(decomposed.repeat(64))).toBe('\u1f82'.repeat(64));
  expect(readUsername(decomposed.repeat(65))).toBeNull();
  expect(readUsername('x'.repeat(64))).toBe('x'.repeat(64));
  expect(readUsername('x'.repeat(65))).toBeNull();
});

test('no text that is a username in NFC is longer than what is normalized', () => {
  const longer = codePoints().filter((one) => {
    const decomposed = one.normalize('NFD');
    return Math.max(one.length, decomposed.length) > 8 || Array.from(decomposed).length > 4;
  });
  expect(longer).toEqual([]);
});

test('a text that is too long for a username is not normalized', () => {
  const normalized = spyOnNormalize();
  const long = `a${'\u0344'.repeat(15_900)}${'\u0316'.repeat(15_900)}`;
  expect(normalizeUsername(long)).toBe(long);
  expect(readUsername(long)).toBeNull();
  expect(usernameProblem(long)).toBe('Your username can have at most 64 characters');
  const { username, password } = readForm(loginForm, { username: long, password: long });
  // Cut, and still too long.
  expect(long.startsWith(username) && long.startsWith(password)).toBe(true);
  expect([username.length, password.length]).toEqual([513, 1025]);
  expect(readUsername(username)).toBeNull();
  expect(normalized).toEqual([]);
  readUsername('Zoe\u0308');
  expect(normalized).toEqual(['Zoe\u0308']);
});

test('reserved names, among them those of all routes, are in the case in which they are compared', () => {
  for (const name of RESERVED_NAMES) expect(name).toBe(name.toLowerCase());
  expect(Array.from(ROUTE_NAMES).filter((name) => !RESERVED_NAMES.has(name))).toEqual([]);
});
