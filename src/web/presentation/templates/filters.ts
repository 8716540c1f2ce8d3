/** Replaces all occurrences of a text. */
export function replace(text: string, from: string, to: string): string {
  return text.replaceAll(from, () => to);
}

/** Returns a text in lower case, except for its first letter. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}
