import { z } from 'zod';
import { AppError } from '../errors.ts';

/** A text field that a form must send. Line ends become `\n`. */
export const requiredField = z.string().transform((text) => text.replaceAll(/\r\n?/g, '\n'));

/** A text field that counts as empty when it was not sent. */
export const field = requiredField.default('');

/** A password, in Unicode's NFC: keyboards differ in how they put an accent on a letter. */
export const passwordField = field.transform((typed) => typed.normalize('NFC'));

/** What is wrong with a form that somebody filled in, and beside which field to say so. */
export interface FormError<Field extends string = string> {
  field: Field;
  message: string;
}

/**
 * Reads the fields of a submitted form once, into a type.
 * @throws AppError `invalid` for fields that were sent twice, or that are required and were not sent
 */
export function readForm<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => `“${path.join('.')}”`).join(', ');
  throw new AppError('invalid', `A field of the form is missing or was sent twice: ${fields}.`);
}

// Letters that show nothing: spaces, controls, joiners, fillers, the empty Braille pattern.
const invisible =
  /^[\p{White_Space}\p{Control}\p{Format}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** Tells whether a text shows nothing at all. */
export function isBlank(text: string): boolean {
  return invisible.test(text);
}
