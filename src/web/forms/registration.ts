import { z } from 'zod';
import { PASSWORD_MAX_LENGTH } from '../../config/settings.ts';
import { isCommonPassword } from '../passwords/common-passwords.ts';
import { isGuessablePassword } from '../passwords/guessable-passwords.ts';
import {
  boundedField,
  countCodePoints,
  type FieldError,
  isLongerThan,
  passwordField,
} from './form.ts';
import { usernameField, validateUsername } from './username.ts';

const EMAIL_MAX_LENGTH = 254;
// With the white space around the address.
const EMAIL_MAX_UNITS = 1000;

/** Messages about the email address and the passwords of a registration. */
export const REGISTRATION_ERRORS = {
  invalidEmail: 'You have to enter a valid email address',
  longEmail: `Your email address can have at most ${EMAIL_MAX_LENGTH} characters.`,
  missingPassword: 'You have to enter a password',
  longPassword: `Your password can have at most ${PASSWORD_MAX_LENGTH} characters.`,
  shortPassword: (minLength: number) => `Your password must have at least ${minLength} characters.`,
  commonPassword: 'This password is among the most common ones. Choose another one.',
  guessablePassword:
    'This password is easy to guess from your username, your email address or the name of this site. Choose another one.',
  differentPasswords: 'The two passwords do not match',
};

/** The fields of the form `Sign Up`. */
export const registrationForm = z.object({
  username: usernameField,
  email: boundedField(EMAIL_MAX_UNITS).transform((email) => email.trim()),
  password: passwordField,
  password2: passwordField,
});

/** The parsed form `Sign Up`. */
export type Registration = z.infer<typeof registrationForm>;

/** The site's rules for new passwords. */
export interface PasswordRules {
  /** In characters. */
  passwordMinLength: number;
  /** Whether to refuse the most common passwords, and passwords made of the names of the user and the site. */
  refuseGuessablePasswords: boolean;
}

/**
 * Returns the first error of a registration, in MiniTwit's order, and null if it is valid. It does not check
 * whether the username is taken: the insert into the table does.
 */
export function validateRegistration(
  form: Registration,
  rules: PasswordRules,
): FieldError<keyof Registration> | null {
  const usernameError = validateUsername(form.username);
  if (usernameError) return { field: 'username', message: usernameError };
  const emailError = validateEmail(form.email);
  if (emailError) return { field: 'email', message: emailError };
  const passwordError = validatePassword(form, rules);
  if (passwordError) return { field: 'password', message: passwordError };
  if (form.password !== form.password2) {
    return { field: 'password2', message: REGISTRATION_ERRORS.differentPasswords };
  }
  return null;
}

function validateEmail(email: string): string | null {
  if (!/^[^\s@\p{Control}\p{Format}]+@[^\s@\p{Control}\p{Format}]+$/u.test(email)) {
    return REGISTRATION_ERRORS.invalidEmail;
  }
  return email.length > EMAIL_MAX_LENGTH ? REGISTRATION_ERRORS.longEmail : null;
}

function validatePassword(
  { username, email, password }: Registration,
  { passwordMinLength, refuseGuessablePasswords }: PasswordRules,
): string | null {
  if (password === '') return REGISTRATION_ERRORS.missingPassword;
  // The length comes first, so that all later checks read a short text.
  if (isLongerThan(password, PASSWORD_MAX_LENGTH)) return REGISTRATION_ERRORS.longPassword;
  if (countCodePoints(password) < passwordMinLength) {
    return REGISTRATION_ERRORS.shortPassword(passwordMinLength);
  }
  if (!refuseGuessablePasswords) return null;
  if (isCommonPassword(password)) return REGISTRATION_ERRORS.commonPassword;
  if (isGuessablePassword(password, { username, email })) {
    return REGISTRATION_ERRORS.guessablePassword;
  }
  return null;
}
