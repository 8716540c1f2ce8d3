import { z } from 'zod';
import { EMAIL_ERRORS, emailField, validateEmail } from './email.ts';
import { type FieldError, passwordField } from './form.ts';
import { NEW_PASSWORD_ERRORS, type PasswordRules, validateNewPassword } from './new-password.ts';
import { usernameField, validateUsername } from './username.ts';

/** Messages about the email address and the passwords of a registration. */
export const REGISTRATION_ERRORS = {
  ...EMAIL_ERRORS,
  ...NEW_PASSWORD_ERRORS,
};

/** The fields of the form `Sign Up`. */
export const registrationForm = z.object({
  username: usernameField,
  email: emailField,
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
