import { z } from 'zod';
import { boundedField } from './form.ts';
import { currentPasswordForm } from './current-password.ts';

// A recovery code has 29 characters with its hyphens.
const CODE_MAX_UNITS = 100;
// A sealed value of a form. Its longest text is the expiry, the id of a user and the hash of a password's hash.
const SEALED_MAX_UNITS = 400;

const codeField = boundedField(CODE_MAX_UNITS);
const sealedField = boundedField(SEALED_MAX_UNITS);

/** The fields of the form that asks for a code after the password. */
export const loginCodeForm = z.object({ pending_login: sealedField, code: codeField });

/** The fields of the form `Turn On Two-Factor Sign-In`. */
export const twoFactorForm = currentPasswordForm.extend({ secret: sealedField, code: codeField });

/** Returns the six digits of an authenticator app's code, without the spaces between them, and null for other text. */
export function parseTotpCode(code: string): string | null {
  const digits = code.replaceAll(/\s/g, '');
  return /^\d{6}$/.test(digits) ? digits : null;
}
