const SITE_WORDS = ['minitwit', 'twit'];
// A year, a series such as 1234, and any repetition have fewer.
const OTHER_CHARACTERS_MIN = 5;

/**
 * Returns whether a password (in NFC) is easy to guess for this account: it contains the username, the email address, the
 * part of that before the `@` or a word of the site (`minitwit`, `twit`), in whatever case, and besides these fewer than
 * five different characters, white space not counted. A long passphrase may contain all of them.
 */
export function isGuessablePassword(
  password: string,
  { username, email }: { username: string; email: string },
): boolean {
  const words = [username, email, ...email.split('@', 1), ...SITE_WORDS];
  // The longest first, since one may contain another.
  const byLength = words.toSorted((one, other) => other.length - one.length);
  const typed = password.toLowerCase();
  const rest = byLength.reduce((text, word) => text.replaceAll(word.toLowerCase(), ' '), typed);
  return rest !== typed && new Set(rest.replaceAll(/\s/g, '')).size < OTHER_CHARACTERS_MIN;
}
