/** The largest header block and form that the server accepts, in bytes, less the bytes that every request needs. */
export const HEADER_BYTES = 15_800;
export const BODY_BYTES = 32_500;

/** Returns combining marks in the wrong order, which take quadratic time to normalize. */
export function marks(units: number): string {
  const half = Math.floor(units / 2);
  return `a${'\u0344'.repeat(half)}${'\u0316'.repeat(half)}`;
}

/** Repeats a text up to a length of `units` UTF-16 code units. */
export function fill(text: string, units: number): string {
  return text.repeat(Math.ceil(units / text.length)).slice(0, units);
}

/** Repeats a text as often as the result has at most `codePoints` code points. */
export function fillCodePoints(text: string, codePoints: number): string {
  return text.repeat(Math.floor(codePoints / Array.from(text).length));
}
