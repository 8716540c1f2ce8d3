import { z } from 'zod';
import { boundedField } from './form.ts';
import { currentPasswordForm } from './current-password.ts';

const EMAIL_MAX_LENGTH = 254;
// With the white space around the address.
const EMAIL_MAX_UNITS = 1000;

/** Messages about an email address. */
export const EMAIL_ERRORS = {
  invalidEmail: 'You have to enter a valid email address',
  longEmail: `Your email address can have at most ${EMAIL_MAX_LENGTH} characters.`,
};

/** An email address without the white space around it. */
export const emailField = boundedField(EMAIL_MAX_UNITS).transform((email) => email.trim());

/** The field of the form that requests a link for a forgotten password. */
export const forgotPasswordForm = z.object({ email: emailField });

/** The fields of the form `Change Email`. */
export const emailChangeForm = currentPasswordForm.extend({ email: emailField });

// The special characters of RFC 5322. With them, one mailbox has many spellings, such as `<a@b` and `"a"@b`, and each
// would have limits of its own.
const ADDRESS =
  /^[^\s@<>()[\]:;,\\"\p{Control}\p{Format}]+@[^\s@<>()[\]:;,\\"\p{Control}\p{Format}]+$/u;

/** Returns the error of an email address, and null if it is valid. */
export function validateEmail(email: string): string | null {
  if (!ADDRESS.test(email)) return EMAIL_ERRORS.invalidEmail;
  return email.length > EMAIL_MAX_LENGTH ? EMAIL_ERRORS.longEmail : null;
}
