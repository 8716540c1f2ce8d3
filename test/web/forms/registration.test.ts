import { expect, test } from 'vitest';
import { registrationError, registrationForm } from '../../../src/web/forms/registration.ts';
import { readForm } from '../../../src/web/forms/form.ts';
import { codePoints, spyOnNormalize } from '../../support/unicode.ts';

const good = { username: 'alice', email: 'alice@example.com', password: 'pw', password2: 'pw' };

const rules = { passwordMinLength: 1, refuseGuessablePasswords: false };

function complain(changes: Partial<typeof good>, demanded: Partial<typeof rules> = {}) {
  const form = readForm(registrationForm, { ...good, ...changes });
  return registrationError(form, { ...rules, ...demanded });
}

test('a good registration has no error', () => {
  expect(complain({})).toBeNull();
});

test("errors come in MiniTwit's order", () => {
  const form = { username: '', email: 'broken', password: '', password2: 'other' };
  expect(complain(form)?.message).toBe('You have to enter a username');
  expect(complain({ ...form, username: 'a' })?.message).toBe(
    'You have to enter a valid email address',
  );
  expect(complain({ ...form, username: 'a', email: 'a@b' })?.message).toBe(
    'You have to enter a password',
  );
  expect(complain({ password: 'x', password2: 'y' })?.message).toBe(
    'The two passwords do not match',
  );
});

test.each(['a@b', ' alice@example.com ', '用户@例子.公司', `${'a'.repeat(242)}@example.com`])(
  'the address %s is taken',
  (email) => {
    expect(complain({ email })).toBeNull();
  },
);

test.each([
  '',
  '@',
  'a@',
  '@b',
  'alice',
  'al ice@example.com',
  'alice@exam\u0000ple.com',
  'a@b@c',
  '\u200b@\u200b',
])('the address %j is refused', (email) => {
  expect(complain({ email })).toEqual({
    field: 'email',
    message: 'You have to enter a valid email address',
  });
});

test('an address over 254 characters is refused', () => {
  expect(complain({ email: `${'a'.repeat(243)}@example.com` })?.message).toBe(
    'Your email address can have at most 254 characters',
  );
});

test.each(['x', 'é', '密', '🐙'])('a password may have 256 characters like %s', (character) => {
  const both = (password: string) => complain({ password, password2: password });
  expect(both(character.repeat(256))).toBeNull();
  expect(both(character.repeat(257))).toEqual({
    field: 'password',
    message: 'Your password can have at most 256 characters',
  });
});

test('a deployment can demand longer passwords', () => {
  const demanded = { passwordMinLength: 8 };
  expect(complain({}, demanded)?.message).toBe('Your password must have at least 8 characters');
  expect(complain({ password: '12345678', password2: '12345678' }, demanded)).toBeNull();
});

test.each(['12345678', 'password', 'PassWord', 'iloveyou'])(
  'a deployment can refuse the password %s, which is common',
  (password) => {
    const both = { password, password2: password };
    expect(complain(both)).toBeNull();
    expect(complain(both, { refuseGuessablePasswords: true })).toEqual({
      field: 'password',
      message: 'This password is among the most common ones: choose another',
    });
  },
);

test.each(['a password', 'correct horse battery staple', 'пароль на каждый день', 'W7-kq.Tz'])(
  'the password %s is not common',
  (password) => {
    const both = { password, password2: password };
    expect(complain(both, { refuseGuessablePasswords: true })).toBeNull();
  },
);

test.each([
  'alice123',
  'ALICE-2026',
  'alicealice!',
  'ecila@example.com',
  'ecila 1999',
  'MiniTwit1234',
  'twit twit 11',
  'alice@minitwit',
])('a deployment can refuse the password %s of alice <ecila@example.com>', (password) => {
  const form = { email: 'ecila@example.com', password, password2: password };
  expect(complain(form)).toBeNull();
  expect(complain(form, { refuseGuessablePasswords: true })).toEqual({
    field: 'password',
    message:
      'This password is easy to guess from your username, your email address or the name of this site: choose another',
  });
});

test.each(['my twitter friend alice types slowly', 'alice W7-kq.Tz', 'aaaaabbb', 'example.com'])(
  'the password %s of alice <ecila@example.com> is not easy to guess',
  (password) => {
    const form = { email: 'ecila@example.com', password, password2: password };
    expect(complain(form, { refuseGuessablePasswords: true })).toBeNull();
  },
);

test('the longest name that a password contains is removed from it, whatever the case of both', () => {
  const complainOf = (username: string, password: string) =>
    complain({ username, password, password2: password }, { refuseGuessablePasswords: true });
  expect(complainOf('TwitLove', 'twitlove1')?.field).toBe('password');
  expect(complainOf('Mary Ann', 'mary ann 7')?.field).toBe('password');
  expect(complainOf('ÉLOÏSE', 'Éloïse99')?.field).toBe('password');
  // What is around a removed name makes no other name.
  expect(complainOf('al', 'aminitwitl1234')).toBeNull();
});

test('a password of 256 characters may be longer as a keyboard composes it', () => {
  // One character in NFC, four code units as it is typed.
  const decomposed = '\u1f82'.normalize('NFD');
  expect(decomposed).toHaveLength(4);
  const both = (password: string) => complain({ password, password2: password });
  expect(both(decomposed.repeat(256))).toBeNull();
  expect(both(decomposed.repeat(257))?.message).toMatch(/^Your password can have at most/);
});

test('a password of 256 characters is normalized, but for four letters of which 170 are', () => {
  const unitsOf = (one: string) =>
    Math.max(one.length, one.normalize('NFD').length) / Array.from(one.normalize('NFC')).length;
  const longer = codePoints().filter((one) => unitsOf(one) > 4);
  expect(longer).toEqual(['\u{16126}', '\u{16127}', '\u{16128}', '\u{16d6a}']);
  expect(longer.map(unitsOf)).toEqual([6, 6, 6, 6]);
});

test('what is too long is not normalized', () => {
  const normalized = spyOnNormalize();
  const long = `a${'\u0344'.repeat(15_900)}${'\u0316'.repeat(15_900)}`;
  expect(complain({ username: long })?.field).toBe('username');
  expect(complain({ email: `${long}@example.com` })?.field).toBe('email');
  expect(complain({ password: long, password2: long })?.message).toMatch(/at most 256/);
  expect(normalized.filter((text) => text.length > 100)).toEqual([]);
  expect(normalized).toContain('alice');
});
