import { AppError } from '../../errors/app-error.ts';
import { skeleton } from '../../names/skeleton.ts';
import { boundedField, isBlank, isLongerThan, normalizeIfShort } from './form.ts';
import { RESERVED_NAMES } from './reserved-names.ts';

/** The longest username, in Unicode code points. */
export const USERNAME_MAX_LENGTH = 64;

/** Messages about a username that cannot be registered. */
export const USERNAME_ERRORS = {
  missing: 'You have to enter a username',
  long: `Your username can have at most ${USERNAME_MAX_LENGTH} characters.`,
  outerSpace: 'Your username cannot begin or end with a space.',
  slash: 'Your username cannot contain a slash (/).',
  whiteSpace: 'Your username can contain single spaces, but no other white space.',
  accents: 'Your username cannot begin with an accent or contain more than four in a row.',
  invisible: 'Your username cannot contain invisible characters.',
  reserved: 'This username is reserved. Choose another one.',
};

const RESERVED_SKELETONS = new Set(Array.from(RESERVED_NAMES, skeleton));

// At most four code points, of one or two code units each, become one code point in NFC.
const USERNAME_MAX_UNITS = 8 * USERNAME_MAX_LENGTH;

// Characters that are invisible, or that set the direction of the text around them.
const INVISIBLE =
  /[\p{Control}\p{Format}\p{Surrogate}\p{Line_Separator}\p{Paragraph_Separator}\p{Default_Ignorable_Code_Point}\p{Private_Use}\p{Noncharacter_Code_Point}\u2800\ufffd]/u;

// Invisible characters that change what a reader sees: joiners, selectors and tags inside emoji, joiners inside
// the words of Arabic and Indian scripts, and selectors after a Chinese character.
const SCRIPTS_WITH_JOINERS =
  'Arabic Bengali Devanagari Gujarati Gurmukhi Kannada Malayalam Oriya Sinhala Tamil Telugu'
    .split(' ')
    .map((script) => String.raw`\p{Script=${script}}`)
    .join('');
const ALLOWED_INVISIBLE = new RegExp(
  [
    String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})`,
    String.raw`(?<=[\p{Extended_Pictographic}\d#*])\ufe0f`,
    String.raw`(?<=\u{1f3f4})[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]+\u{e007f}`,
    String.raw`(?<=[${SCRIPTS_WITH_JOINERS}])[\u200c\u200d](?=[\p{L}\p{M}])`,
    // The old spelling of a Malayalam consonant at the end of a word.
    String.raw`(?<=\u0d4d)\u200d`,
    String.raw`(?<=\p{Script=Han})[\u{e0100}-\u{e01ef}]`,
  ].join('|'),
  'gu',
);

/**
 * Returns a username in Unicode's NFC, the form in which usernames are stored and compared. A text that is too
 * long for a username in any form is returned as it is.
 */
export function normalizeUsername(text: string): string {
  return normalizeIfShort(text, USERNAME_MAX_UNITS);
}

/** A username from a form, in NFC. Spaces around it are removed, since phones add a space after a suggested word. */
export const usernameField = boundedField(USERNAME_MAX_UNITS).transform((text) =>
  text.length > USERNAME_MAX_UNITS ? text : normalizeUsername(text.replaceAll(/^ +| +$/g, '')),
);

/** Returns a text in NFC, or null if it is too long for a username: no query is needed to know that no user has it. */
export function parseUsername(text: string): string | null {
  const username = normalizeUsername(text);
  return isLongerThan(username, USERNAME_MAX_LENGTH) ? null : username;
}

/**
 * Returns a username from a path, in NFC.
 * @throws AppError `not_found` if it is too long for a username
 */
export function requireUsername(text: string): string {
  const username = parseUsername(text);
  if (username === null) throw new AppError('not_found', 'No user has such a long name.');
  return username;
}

/** Returns an error message if a username (in NFC) cannot be registered, and null if it can. */
export function validateUsername(username: string): string | null {
  // The length comes first, so that all later checks read a short text.
  if (isLongerThan(username, USERNAME_MAX_LENGTH)) return USERNAME_ERRORS.long;
  if (isBlank(username)) return USERNAME_ERRORS.missing;
  if (username !== username.trim()) return USERNAME_ERRORS.outerSpace;
  if (username.includes('/')) return USERNAME_ERRORS.slash;
  if (/[^\S ]| {2}/.test(username)) return USERNAME_ERRORS.whiteSpace;
  if (/^\p{Mark}|\p{Mark}{5}/u.test(username)) return USERNAME_ERRORS.accents;
  if (INVISIBLE.test(username.replaceAll(ALLOWED_INVISIBLE, ''))) return USERNAME_ERRORS.invisible;
  if (RESERVED_SKELETONS.has(skeleton(username.toLowerCase()))) return USERNAME_ERRORS.reserved;
  return null;
}
