import { z } from 'zod';
import { PASSWORD_MAX_LENGTH } from '../../config/settings.ts';
import { AppError } from '../../errors/app-error.ts';

/** A text field that a form must send. Line ends become `\n`. */
export const requiredField = z.string().transform((text) => text.replaceAll(/\r\n?/g, '\n'));

/** A text field that counts as empty when it was not sent. */
export const field = requiredField.default('');

/**
 * A text field of which at most `maxUnits` UTF-16 code units can be valid. A longer text is cut to one more, so that
 * it is still too long, but cheap to check, to hash and to show again.
 */
export const boundedField = (maxUnits: number) =>
  field.transform((text) => text.slice(0, maxUnits + 1));

// In NFC, a code point comes from at most four code units, however a keyboard composes the letters. Four letters of rare
// scripts come from six: a bound for 256 of those would let a form with two passwords block the process for more than 5 ms.
const PASSWORD_MAX_UNITS = 4 * PASSWORD_MAX_LENGTH;

/** A password in Unicode's NFC, since keyboards differ in how they put an accent on a letter. */
export const passwordField = boundedField(PASSWORD_MAX_UNITS).transform((typed) =>
  normalizeShort(typed, PASSWORD_MAX_UNITS),
);

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

/**
 * Returns one field of a submitted form, unchecked: an array if it was sent twice, and undefined without the field or
 * without a form.
 */
export function submittedField(body: unknown, name: string): unknown {
  return (body as Record<string, unknown> | undefined)?.[name];
}

// Letters that show nothing: spaces, controls, joiners, fillers, the empty Braille pattern.
const invisible =
  /^[\p{White_Space}\p{Control}\p{Format}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/**
 * Returns a text in Unicode's NFC, or as it is if it has more than `maxUnits` UTF-16 code units. To normalize takes
 * quadratic time where combining marks follow each other: seconds for 64 KB. The caller refuses the longer texts.
 */
export function normalizeShort(text: string, maxUnits: number): string {
  return text.length > maxUnits ? text : text.normalize('NFC');
}

/** Returns whether a text has more than `max` code points. */
export function isLongerThan(text: string, max: number): boolean {
  return text.length > max && (text.length > 2 * max || countCodePoints(text) > max);
}

/** Returns the number of a text's Unicode code points. */
export function countCodePoints(text: string): number {
  return Array.from(text).length;
}

/** Returns whether a text shows nothing at all. */
export function isBlank(text: string): boolean {
  return invisible.test(text);
}
