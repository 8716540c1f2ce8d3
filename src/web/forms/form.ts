import { z } from 'zod';
import { PASSWORD_MAX_LENGTH } from '../../config/settings.ts';
import { AppError } from '../../errors/app-error.ts';

/** A text field that a form must send. Line ends become `\n`. */
export const requiredField = z.string().transform((text) => text.replaceAll(/\r\n?/g, '\n'));

/** A text field that is empty if the form does not send it. */
const optionalField = requiredField.default('');

/**
 * A text field of at most `maxUnits` UTF-16 code units. A longer text is truncated to `maxUnits` + 1 units: it still
 * fails validation, but costs little to check, hash and show.
 */
export const boundedField = (maxUnits: number) =>
  optionalField.transform((text) => text.slice(0, maxUnits + 1));

// At most four code units become one code point in NFC. Four rare letters have six, but with a bound of six, a
// form with two passwords could block the process for more than 5 ms.
const PASSWORD_MAX_UNITS = 4 * PASSWORD_MAX_LENGTH;

/** A password in Unicode's NFC, since keyboards differ in how they put an accent on a letter. */
export const passwordField = boundedField(PASSWORD_MAX_UNITS).transform((password) =>
  normalizeIfShort(password, PASSWORD_MAX_UNITS),
);

/** Why a field of a form is not valid. The page shows the message beside the field. */
export interface FieldError<Field extends string = string> {
  field: Field;
  message: string;
}

/**
 * Parses the body of a submitted form.
 * @throws AppError `invalid` if a field was sent twice, or if a required field was not sent
 */
export function parseForm<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => `“${path.join('.')}”`).join(', ');
  throw new AppError('invalid', `A field of the form is missing or was sent twice: ${fields}.`);
}

/**
 * Returns one field of a submitted form without a check of its type: an array if it was sent twice, and undefined
 * if there is no such field or no form.
 */
export function submittedField(body: unknown, name: string): unknown {
  return (body as Record<string, unknown> | undefined)?.[name];
}

// Spaces, controls, joiners, fillers and the empty Braille pattern.
const INVISIBLE_TEXT =
  /^[\p{White_Space}\p{Control}\p{Format}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/**
 * Returns a text in Unicode's NFC. A text of more than `maxUnits` UTF-16 code units is returned unchanged, and the
 * caller refuses it: the normalization of many combining marks takes quadratic time, which is seconds for 64 KB.
 */
export function normalizeIfShort(text: string, maxUnits: number): string {
  return text.length > maxUnits ? text : text.normalize('NFC');
}

/** Returns whether a text has more than `max` code points. */
export function isLongerThan(text: string, max: number): boolean {
  return text.length > max && (text.length > 2 * max || countCodePoints(text) > max);
}

/** Returns the number of Unicode code points in a text. */
export function countCodePoints(text: string): number {
  return Array.from(text).length;
}

/** Returns whether a text is empty or has invisible characters only. */
export function isBlank(text: string): boolean {
  return INVISIBLE_TEXT.test(text);
}
