import { z } from 'zod';
import { PASSWORD_MAX_LENGTH } from '../../config/settings.ts';
import { isCommonPassword } from '../passwords/common-passwords.ts';
import { isGuessablePassword } from '../passwords/guessable-passwords.ts';
import { currentPasswordForm } from './current-password.ts';
import { countCodePoints, type FieldError, isLongerThan, passwordField } from './form.ts';

/** Messages about a new password. */
export const NEW_PASSWORD_ERRORS = {
  missingPassword: 'You have to enter a password',
  longPassword: `Your password can have at most ${PASSWORD_MAX_LENGTH} characters.`,
  shortPassword: (minLength: number) => `Your password must have at least ${minLength} characters.`,
  commonPassword: 'This password is among the most common ones. Choose another one.',
  guessablePassword:
    'This password is easy to guess from your username, your email address or the name of this site. Choose another one.',
  differentPasswords: 'The two passwords do not match',
};

/** The site's rules for new passwords. */
export interface PasswordRules {
  /** In characters. */
  passwordMinLength: number;
  /** Whether to refuse the most common passwords, and passwords made of the names of the user and the site. */
  refuseGuessablePasswords: boolean;
}

/** A new password, entered twice, and its user. */
export interface NewPassword {
  username: string;
  email: string;
  password: string;
  password2: string;
}

/** The fields of the form `Reset Password`. */
export const newPasswordForm = z.object({
  password: passwordField,
  password2: passwordField,
});

/** The fields of the form `Change Password`. */
export const passwordChangeForm = currentPasswordForm.extend(newPasswordForm.shape);

/** Returns the first error of a new password, and null if it is valid. */
export function validateNewPassword(
  newPassword: NewPassword,
  rules: PasswordRules,
): FieldError<'password' | 'password2'> | null {
  const message = validatePassword(newPassword, rules);
  if (message) return { field: 'password', message };
  if (newPassword.password !== newPassword.password2) {
    return { field: 'password2', message: NEW_PASSWORD_ERRORS.differentPasswords };
  }
  return null;
}

function validatePassword(
  { username, email, password }: NewPassword,
  { passwordMinLength, refuseGuessablePasswords }: PasswordRules,
): string | null {
  if (password === '') return NEW_PASSWORD_ERRORS.missingPassword;
  // The length comes first, so that all later checks read a short text.
  if (isLongerThan(password, PASSWORD_MAX_LENGTH)) return NEW_PASSWORD_ERRORS.longPassword;
  if (countCodePoints(password) < passwordMinLength) {
    return NEW_PASSWORD_ERRORS.shortPassword(passwordMinLength);
  }
  if (!refuseGuessablePasswords) return null;
  if (isCommonPassword(password)) return NEW_PASSWORD_ERRORS.commonPassword;
  if (isGuessablePassword(password, { username, email })) {
    return NEW_PASSWORD_ERRORS.guessablePassword;
  }
  return null;
}
