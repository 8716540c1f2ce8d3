import { expect, test } from 'vitest';
import { registrationError, registrationForm } from '../../src/forms/registration.ts';
import { readForm } from '../../src/forms/form.ts';

const good = { username: 'alice', email: 'alice@example.com', password: 'pw', password2: 'pw' };

function complain(changes: Partial<typeof good>, passwordMinLength = 1) {
  return registrationError(readForm(registrationForm, { ...good, ...changes }), passwordMinLength);
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
  expect(complain({}, 8)?.message).toBe('Your password must have at least 8 characters');
  expect(complain({ password: '12345678', password2: '12345678' }, 8)).toBeNull();
});
