import { boundedField, isBlank, isLongerThan, normalizeShort } from './form.ts';
import { RESERVED_NAMES } from './reserved-names.ts';

/** The longest username, in Unicode code points. */
export const USERNAME_MAX_LENGTH = 64;

// In NFC, a code point comes from at most four, each of one or two code units, however a keyboard composes the letters.
const USERNAME_MAX_UNITS = 8 * USERNAME_MAX_LENGTH;

// Characters that are invisible, or that set the direction of the text around them.
const unseen =
  /[\p{Control}\p{Format}\p{Surrogate}\p{Line_Separator}\p{Paragraph_Separator}\p{Default_Ignorable_Code_Point}\p{Private_Use}\p{Noncharacter_Code_Point}\u2800\ufffd]/u;

// Where such characters are part of what one sees: joiners, selectors and tags inside emoji, joiners
// inside the words of Arabic and Indian scripts, selectors after a Chinese character.
const joiningScripts =
  'Arabic Bengali Devanagari Gujarati Gurmukhi Kannada Malayalam Oriya Sinhala Tamil Telugu'
    .split(' ')
    .map((script) => String.raw`\p{Script=${script}}`)
    .join('');
const neededUnseen = new RegExp(
  [
    String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})`,
    String.raw`(?<=[\p{Extended_Pictographic}\d#*])\ufe0f`,
    String.raw`(?<=\u{1f3f4})[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]+\u{e007f}`,
    String.raw`(?<=[${joiningScripts}])[\u200c\u200d](?=[\p{L}\p{M}])`,
    // a Malayalam consonant at the end of a word, as it was once written
    String.raw`(?<=\u0d4d)\u200d`,
    String.raw`(?<=\p{Script=Han})[\u{e0100}-\u{e01ef}]`,
  ].join('|'),
  'gu',
);

/**
 * Returns a name in Unicode's NFC, the form in which names are stored and compared. A text that is too long for a
 * username in any form stays as it is.
 */
export function normalizeUsername(typed: string): string {
  return normalizeShort(typed, USERNAME_MAX_UNITS);
}

/**
 * A username from a form, in NFC. Spaces around it are removed, since phones add a space after a suggested word.
 */
export const usernameField = boundedField(USERNAME_MAX_UNITS).transform((typed) =>
  typed.length > USERNAME_MAX_UNITS ? typed : normalizeUsername(typed.replaceAll(/^ +| +$/g, '')),
);

/** Returns a name in NFC; null when it is too long for a username, so that no query is needed to know that none has it. */
export function readUsername(typed: string): string | null {
  const username = normalizeUsername(typed);
  return isLongerThan(username, USERNAME_MAX_LENGTH) ? null : username;
}

/** Returns why a username (in NFC) cannot be registered; null if it can. */
export function usernameProblem(username: string): string | null {
  // The length comes first: all checks after it read a short text.
  if (isLongerThan(username, USERNAME_MAX_LENGTH)) {
    return `Your username can have at most ${USERNAME_MAX_LENGTH} characters`;
  }
  if (isBlank(username)) return 'You have to enter a username';
  if (username !== username.trim()) return 'Your username cannot begin or end with a space';
  if (username.includes('/')) return 'Your username cannot contain a slash (/)';
  if (/[^\S ]| {2}/.test(username))
    return 'Your username can have no white space but single spaces';
  if (/^\p{Mark}|\p{Mark}{5}/u.test(username))
    return 'Your username cannot begin with an accent, or have more than four in a row';
  if (unseen.test(username.replaceAll(neededUnseen, '')))
    return 'Your username cannot contain invisible characters';
  if (RESERVED_NAMES.has(username.toLowerCase()))
    return 'This username is reserved: choose another';
  return null;
}
