import { PASSWORD_MAX_LENGTH } from '../../config/settings.ts';
import { z } from 'zod';
import { isCommonPassword } from '../passwords/common-passwords.ts';
import { isGuessablePassword } from '../passwords/guessable-passwords.ts';
import {
  boundedField,
  countCodePoints,
  type FormError,
  isLongerThan,
  passwordField,
} from './form.ts';
import { usernameField, usernameProblem } from './username.ts';

const EMAIL_MAX_LENGTH = 254;
// With the white space around it.
const EMAIL_MAX_UNITS = 1000;

/** The fields of MiniTwit's `Sign Up`. */
export const registrationForm = z.object({
  username: usernameField,
  email: boundedField(EMAIL_MAX_UNITS).transform((typed) => typed.trim()),
  password: passwordField,
  password2: passwordField,
});

/** A filled-in `Sign Up`. */
export type Registration = z.infer<typeof registrationForm>;

/** What a site demands of new passwords. */
export interface PasswordRules {
  /** In characters. */
  passwordMinLength: number;
  /** Whether the most common passwords are refused, and those made of the user's and the site's names. */
  refuseGuessablePasswords: boolean;
}

/**
 * The first thing that is wrong with a registration, in MiniTwit's order; null when it can be stored.
 * Whether the name is taken, only storing it can tell.
 */
export function registrationError(
  form: Registration,
  rules: PasswordRules,
): FormError<keyof Registration> | null {
  const { username, email, password, password2 } = form;
  const aboutUsername = usernameProblem(username);
  if (aboutUsername) return { field: 'username', message: aboutUsername };
  const aboutEmail = emailProblem(email);
  if (aboutEmail) return { field: 'email', message: aboutEmail };
  const aboutPassword = passwordProblem(form, rules);
  if (aboutPassword) return { field: 'password', message: aboutPassword };
  if (password !== password2) {
    return { field: 'password2', message: 'The two passwords do not match' };
  }
  return null;
}

function emailProblem(email: string): string | null {
  if (!/^[^\s@\p{Control}\p{Format}]+@[^\s@\p{Control}\p{Format}]+$/u.test(email)) {
    return 'You have to enter a valid email address';
  }
  if (email.length > EMAIL_MAX_LENGTH) {
    return `Your email address can have at most ${EMAIL_MAX_LENGTH} characters`;
  }
  return null;
}

function passwordProblem(
  { username, email, password }: Registration,
  { passwordMinLength, refuseGuessablePasswords }: PasswordRules,
): string | null {
  if (password === '') return 'You have to enter a password';
  // The length comes first: all checks after it read a short text.
  if (isLongerThan(password, PASSWORD_MAX_LENGTH)) {
    return `Your password can have at most ${PASSWORD_MAX_LENGTH} characters`;
  }
  if (countCodePoints(password) < passwordMinLength) {
    return `Your password must have at least ${passwordMinLength} characters`;
  }
  if (!refuseGuessablePasswords) return null;
  if (isCommonPassword(password)) {
    return 'This password is among the most common ones: choose another';
  }
  if (isGuessablePassword(password, { username, email })) {
    return 'This password is easy to guess from your username, your email address or the name of this site: choose another';
  }
  return null;
}
