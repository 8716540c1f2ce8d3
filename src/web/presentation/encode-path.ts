const OTHER_CHARACTER = /[^\w.~-]/;

/** Encodes a text for a path or a query, as `encodeURIComponent` does, which takes twice as long for plain names. */
export function encodePath(text: string): string {
  return OTHER_CHARACTER.test(text) ? encodeURIComponent(text) : text;
}
