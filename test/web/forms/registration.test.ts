import { expect, test } from 'vitest';
import { parseForm } from '../../../src/web/forms/form.ts';
import {
  REGISTRATION_ERRORS,
  registrationForm,
  validateRegistration,
} from '../../../src/web/forms/registration.ts';
import { codePoints, spyOnNormalize } from '../../support/unicode.ts';

const VALID = { username: 'alice', email: 'alice@example.com', password: 'pw', password2: 'pw' };

const RULES = { passwordMinLength: 1, refuseGuessablePasswords: false };

function validate(changes: Partial<typeof VALID>, rules: Partial<typeof RULES> = {}) {
  const form = parseForm(registrationForm, { ...VALID, ...changes });
  return validateRegistration(form, { ...RULES, ...rules });
}

test('accepts a valid registration', () => {
  expect(validate({})).toBeNull();
});

test("returns the first error in MiniTwit's order", () => {
  const form = { username: '', email: 'broken', password: '', password2: 'other' };
  expect(validate(form)?.message).toBe('You have to enter a username');
  expect(validate({ ...form, username: 'a' })?.message).toBe(
    'You have to enter a valid email address',
  );
  expect(validate({ ...form, username: 'a', email: 'a@b' })?.message).toBe(
    'You have to enter a password',
  );
  expect(validate({ password: 'x', password2: 'y' })?.message).toBe(
    'The two passwords do not match',
  );
});

test.each(['a@b', ' alice@example.com ', '用户@例子.公司', `${'a'.repeat(242)}@example.com`])(
  'accepts the email address %s',
  (email) => {
    expect(validate({ email })).toBeNull();
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
  // These would be other spellings of `a@b`.
  '<a@b',
  '"a"@b',
  'a(x)@b',
  'a@[b]',
  'a,@b',
  '\u200b@\u200b',
])('refuses the email address %j', (email) => {
  expect(validate({ email })).toEqual({
    field: 'email',
    message: REGISTRATION_ERRORS.invalidEmail,
  });
});

test('refuses an email address of more than 254 characters', () => {
  expect(validate({ email: `${'a'.repeat(243)}@example.com` })?.message).toBe(
    REGISTRATION_ERRORS.longEmail,
  );
});

test.each(['x', 'é', '密', '🐙'])(
  'accepts 256 times %s as a password, and not 257 times',
  (character) => {
    const both = (password: string) => validate({ password, password2: password });
    expect(both(character.repeat(256))).toBeNull();
    expect(both(character.repeat(257))).toEqual({
      field: 'password',
      message: REGISTRATION_ERRORS.longPassword,
    });
  },
);

test('refuses a password that is shorter than the minimum', () => {
  const rules = { passwordMinLength: 8 };
  expect(validate({}, rules)?.message).toBe(REGISTRATION_ERRORS.shortPassword(8));
  expect(validate({ password: '12345678', password2: '12345678' }, rules)).toBeNull();
});

test.each(['12345678', 'password', 'PassWord', 'iloveyou'])(
  'refuses the common password %s if the rules require it',
  (password) => {
    const both = { password, password2: password };
    expect(validate(both)).toBeNull();
    expect(validate(both, { refuseGuessablePasswords: true })).toEqual({
      field: 'password',
      message: REGISTRATION_ERRORS.commonPassword,
    });
  },
);

test.each(['a password', 'correct horse battery staple', 'пароль на каждый день', 'W7-kq.Tz'])(
  'accepts the password %s, which is not common',
  (password) => {
    const both = { password, password2: password };
    expect(validate(both, { refuseGuessablePasswords: true })).toBeNull();
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
])('refuses the password %s of alice <ecila@example.com> if the rules require it', (password) => {
  const form = { email: 'ecila@example.com', password, password2: password };
  expect(validate(form)).toBeNull();
  expect(validate(form, { refuseGuessablePasswords: true })).toEqual({
    field: 'password',
    message: REGISTRATION_ERRORS.guessablePassword,
  });
});

test.each(['my twitter friend alice types slowly', 'alice W7-kq.Tz', 'aaaaabbb', 'example.com'])(
  'accepts the password %s of alice <ecila@example.com>',
  (password) => {
    const form = { email: 'ecila@example.com', password, password2: password };
    expect(validate(form, { refuseGuessablePasswords: true })).toBeNull();
  },
);

test('removes the longest name from a password, in any case', () => {
  const validateFor = (username: string, password: string) =>
    validate({ username, password, password2: password }, { refuseGuessablePasswords: true });
  expect(validateFor('TwitLove', 'twitlove1')?.field).toBe('password');
  expect(validateFor('Mary Ann', 'mary ann 7')?.field).toBe('password');
  expect(validateFor('ÉLOÏSE', 'Éloïse99')?.field).toBe('password');
  // The text around a removed name is not joined to another name.
  expect(validateFor('al', 'aminitwitl1234')).toBeNull();
});

test('counts the characters of a password after its normalization', () => {
  // One character in NFC, four code units in NFD.
  const decomposed = '\u1f82'.normalize('NFD');
  expect(decomposed).toHaveLength(4);
  const both = (password: string) => validate({ password, password2: password });
  expect(both(decomposed.repeat(256))).toBeNull();
  expect(both(decomposed.repeat(257))?.message).toMatch(/^Your password can have at most/);
});

test('four letters exceed the bound below which a password is normalized', () => {
  const unitsOf = (one: string) =>
    Math.max(one.length, one.normalize('NFD').length) / Array.from(one.normalize('NFC')).length;
  const longer = codePoints().filter((one) => unitsOf(one) > 4);
  expect(longer).toEqual(['\u{16126}', '\u{16127}', '\u{16128}', '\u{16d6a}']);
  expect(longer.map(unitsOf)).toEqual([6, 6, 6, 6]);
});

test('does not normalize a text that is too long', () => {
  const normalized = spyOnNormalize();
  const long = `a${'\u0344'.repeat(15_900)}${'\u0316'.repeat(15_900)}`;
  expect(validate({ username: long })?.field).toBe('username');
  expect(validate({ email: `${long}@example.com` })?.field).toBe('email');
  expect(validate({ password: long, password2: long })?.message).toMatch(/at most 256/);
  expect(normalized.filter((text) => text.length > 100)).toEqual([]);
  expect(normalized).toContain('alice');
});
