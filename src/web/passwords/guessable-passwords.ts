const SITE_WORDS = ['minitwit', 'twit'];
// A year, a series such as 1234 and a repeated character have fewer different characters.
const OTHER_CHARACTERS_MIN = 5;

/**
 * Returns whether a password (in NFC) is easy to guess for this account. Such a password contains the username, the
 * email address, the local part of that address or a word of the site (`minitwit`, `twit`), ignoring case, and without
 * these words fewer than five different characters, not counting white space. A long passphrase may contain all of
 * these words.
 */
export function isGuessablePassword(
  password: string,
  { username, email }: { username: string; email: string },
): boolean {
  const words = [username, email, ...email.split('@', 1), ...SITE_WORDS];
  // The longest word is removed first, because it may contain another one.
  const byLength = words.toSorted((one, other) => other.length - one.length);
  const typed = password.toLowerCase();
  const rest = byLength.reduce((text, word) => text.replaceAll(word.toLowerCase(), ' '), typed);
  return rest !== typed && new Set(rest.replaceAll(/\s/g, '')).size < OTHER_CHARACTERS_MIN;
}
