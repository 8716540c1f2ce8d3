/** The largest header block and form that the server reads, in bytes, less what every request needs. */
export const HEADER_BYTES = 15_800;
export const BODY_BYTES = 32_500;

/** Characters whose composition takes quadratic time: combining marks in the wrong order. */
export function marks(units: number): string {
  const half = Math.floor(units / 2);
  return `a${'\u0344'.repeat(half)}${'\u0316'.repeat(half)}`;
}

/** Repeats a text up to a length in UTF-16 code units. */
export function fill(text: string, units: number): string {
  return text.repeat(Math.ceil(units / text.length)).slice(0, units);
}

/** Repeats a text for as long as the result has no more code points than this. */
export function fillCodePoints(text: string, codePoints: number): string {
  return text.repeat(Math.floor(codePoints / Array.from(text).length));
}
