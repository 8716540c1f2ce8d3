import { expect, test } from 'vitest';
import { registrationError, registrationForm } from '../../src/forms/registration.ts';
import { readForm } from '../../src/forms/form.ts';
import { codePoints, spyOnNormalize } from '../support/normalize.ts';

const good = { username: 'alice', email: 'alice@example.com', password: 'pw', password2: 'pw' };

const rules = { passwordMinLength: 1, refuseCommonPasswords: false };

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

test('a password may have 72 bytes, whatever its letters', () => {
  const both = (password: string) => complain({ password, password2: password });
  expect(both('x'.repeat(72))).toBeNull();
  expect(both('é'.repeat(36))).toBeNull();
  expect(both('x'.repeat(73))?.message).toMatch(/^Your password is too long/);
  expect(both('é'.repeat(37))?.message).toMatch(/^Your password is too long/);
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
    expect(complain(both, { refuseCommonPasswords: true })).toEqual({
      field: 'password',
      message: 'This password is among the most common ones: choose another',
    });
  },
);

test.each(['a password', 'correct horse battery staple', 'пароль на каждый день', 'W7-kq.Tz'])(
  'the password %s is not common',
  (password) => {
    const both = { password, password2: password };
    expect(complain(both, { refuseCommonPasswords: true })).toBeNull();
  },
);

test('a password of 72 bytes may be longer as a keyboard composes it', () => {
  // Two bytes in NFC, three code units as it is typed.
  const decomposed = '\u01d6'.normalize('NFD');
  expect(decomposed).toHaveLength(3);
  const both = (password: string) => complain({ password, password2: password });
  expect(both(decomposed.repeat(36))).toBeNull();
  expect(both(decomposed.repeat(37))?.message).toMatch(/^Your password is too long/);
});

test('no password that fits is longer than what is normalized', () => {
  const longer = codePoints().filter((one) => {
    const units = Math.max(one.length, one.normalize('NFD').length);
    return units > 2 * Buffer.byteLength(one.normalize('NFC'));
  });
  expect(longer).toEqual([]);
});

test('what is too long is not normalized', () => {
  const normalized = spyOnNormalize();
  const long = `a${'\u0344'.repeat(15_900)}${'\u0316'.repeat(15_900)}`;
  expect(complain({ username: long })?.field).toBe('username');
  expect(complain({ email: `${long}@example.com` })?.field).toBe('email');
  expect(complain({ password: long, password2: long })?.message).toMatch(/is too long/);
  expect(normalized.filter((text) => text.length > 100)).toEqual([]);
  expect(normalized).toContain('alice');
});
