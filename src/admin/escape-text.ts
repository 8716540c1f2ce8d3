// Controls, and invisible characters, which can change the direction of a line.
const UNPRINTABLE =
  /[\p{Control}\p{Format}\p{Surrogate}\p{Line_Separator}\p{Paragraph_Separator}\p{Private_Use}\p{Unassigned}]/gu;

/**
 * Returns a text of a user for the terminal: each character that is invisible, or that a terminal may execute, is
 * replaced by its number, such as `\u{1b}`.
 */
export function escapeText(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
