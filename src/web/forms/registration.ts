import { z } from 'zod';
import { boundedField, type FieldError, passwordField } from './form.ts';
import { NEW_PASSWORD_ERRORS, type PasswordRules, validateNewPassword } from './new-password.ts';
import { usernameField, validateUsername } from './username.ts';

const EMAIL_MAX_LENGTH = 254;
// With the white space around the address.
const EMAIL_MAX_UNITS = 1000;

/** Messages about the email address and the passwords of a registration. */
export const REGISTRATION_ERRORS = {
  invalidEmail: 'You have to enter a valid email address',
  longEmail: `Your email address can have at most ${EMAIL_MAX_LENGTH} characters.`,
  ...NEW_PASSWORD_ERRORS,
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
  return validateNewPassword(form, rules);
}

function validateEmail(email: string): string | null {
  if (!/^[^\s@\p{Control}\p{Format}]+@[^\s@\p{Control}\p{Format}]+$/u.test(email)) {
    return REGISTRATION_ERRORS.invalidEmail;
  }
  return email.length > EMAIL_MAX_LENGTH ? REGISTRATION_ERRORS.longEmail : null;
}
