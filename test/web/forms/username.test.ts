import { expect, test } from 'vitest';
import { parseForm } from '../../../src/web/forms/form.ts';
import { loginForm } from '../../../src/web/forms/login.ts';
import { RESERVED_NAMES, ROUTE_NAMES } from '../../../src/web/forms/reserved-names.ts';
import {
  normalizeUsername,
  parseUsername,
  USERNAME_ERRORS,
  validateUsername,
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
])('accepts the username %s', (username) => {
  expect(validateUsername(username)).toBeNull();
});

test.each([
  ['', USERNAME_ERRORS.missing],
  ['   ', USERNAME_ERRORS.missing],
  ['\u200b', USERNAME_ERRORS.missing],
  ['\u3164', USERNAME_ERRORS.missing],
  ['\u2800', USERNAME_ERRORS.missing],
  ['\u202e', USERNAME_ERRORS.missing],
  ['x'.repeat(65), USERNAME_ERRORS.long],
  ['🐙'.repeat(65), USERNAME_ERRORS.long],
  [' alice', USERNAME_ERRORS.outerSpace],
  ['alice ', USERNAME_ERRORS.outerSpace],
  ['alice\u00a0', USERNAME_ERRORS.outerSpace],
  ['alice\n', USERNAME_ERRORS.outerSpace],
  ['a/b', USERNAME_ERRORS.slash],
  ['al\u0000ice', USERNAME_ERRORS.invisible],
  ['al\tice', USERNAME_ERRORS.whiteSpace],
  ['al  ice', USERNAME_ERRORS.whiteSpace],
  ['al\u00a0ice', USERNAME_ERRORS.whiteSpace],
  ['\u0301alice', USERNAME_ERRORS.accents],
  ['x' + '\u0336'.repeat(5), USERNAME_ERRORS.accents],
  ['al\ufffdice', USERNAME_ERRORS.invisible],
  ['al\uffffice', USERNAME_ERRORS.invisible],
  ['al\ue000ice', USERNAME_ERRORS.invisible],
  ['al\u0085ice', USERNAME_ERRORS.invisible],
  ['al\u200bice', USERNAME_ERRORS.invisible],
  ['al\u202eice', USERNAME_ERRORS.invisible],
  ['al\u2028ice', USERNAME_ERRORS.whiteSpace],
  ['al\ufeffice', USERNAME_ERRORS.whiteSpace],
  ['alice\u200d', USERNAME_ERRORS.invisible],
  ['\u200calice', USERNAME_ERRORS.invisible],
  ['al\u200dice', USERNAME_ERRORS.invisible],
  ['alice\ufe0f', USERNAME_ERRORS.invisible],
  ['alice\u2800', USERNAME_ERRORS.invisible],
  ['al\u{e0061}ice', USERNAME_ERRORS.invisible],
  ['al\ufff9ice', USERNAME_ERRORS.invisible],
  ['login', USERNAME_ERRORS.reserved],
  ['Admin', USERNAME_ERRORS.reserved],
  ['security.txt', USERNAME_ERRORS.reserved],
  ['LogIn', USERNAME_ERRORS.reserved],
  ['\u0430dmin', USERNAME_ERRORS.reserved],
  ['Moderat\u043er', USERNAME_ERRORS.reserved],
  ['..', USERNAME_ERRORS.reserved],
])('refuses the username %j: %s', (username, error) => {
  expect(validateUsername(username)).toBe(error);
});

test('normalizes a letter with its accent to one code point', () => {
  expect(normalizeUsername('Zoe\u0308')).toBe('Zo\u00eb');
});

test.each([
  ['alice ', 'alice'],
  ['  alice  ', 'alice'],
  [' Roger Histand ', 'Roger Histand'],
  ['alice\u00a0', 'alice\u00a0'],
  ['   ', ''],
])('removes spaces around a submitted username: %j is %j', (username, expected) => {
  expect(parseForm(loginForm, { username }).username).toBe(expected);
});

test('counts the code points of a username after its normalization', () => {
  // The longest decomposition: one code point in NFC, four in NFD.
  const decomposed = '\u1f82'.normalize('NFD');
  expect(Array.from(decomposed)).toHaveLength(4);
  expect(parseUsername(decomposed.repeat(64))).toBe('\u1f82'.repeat(64));
  expect(parseUsername(decomposed.repeat(65))).toBeNull();
  expect(parseUsername('x'.repeat(64))).toBe('x'.repeat(64));
  expect(parseUsername('x'.repeat(65))).toBeNull();
});

test('no code point exceeds the bound below which a username is normalized', () => {
  const longer = codePoints().filter((one) => {
    const decomposed = one.normalize('NFD');
    return Math.max(one.length, decomposed.length) > 8 || Array.from(decomposed).length > 4;
  });
  expect(longer).toEqual([]);
});

test('does not normalize a text that is too long for a username', () => {
  const normalized = spyOnNormalize();
  const long = `a${'\u0344'.repeat(15_900)}${'\u0316'.repeat(15_900)}`;
  expect(normalizeUsername(long)).toBe(long);
  expect(parseUsername(long)).toBeNull();
  expect(validateUsername(long)).toBe(USERNAME_ERRORS.long);
  const { username, password } = parseForm(loginForm, { username: long, password: long });
  // The fields are cut, and still too long.
  expect(long.startsWith(username) && long.startsWith(password)).toBe(true);
  expect([username.length, password.length]).toEqual([513, 1025]);
  expect(parseUsername(username)).toBeNull();
  expect(normalized).toEqual([]);
  parseUsername('Zoe\u0308');
  expect(normalized).toEqual(['Zoe\u0308']);
});

test('reserved names are in lower case, and include the names of all routes', () => {
  for (const name of RESERVED_NAMES) expect(name).toBe(name.toLowerCase());
  expect(Array.from(ROUTE_NAMES).filter((name) => !RESERVED_NAMES.has(name))).toEqual([]);
});
