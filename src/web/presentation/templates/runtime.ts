import { escapeHtml } from './escape-html.ts';

/** Returns a value as HTML. Null and undefined are errors, at this file and line. */
export function escapeValue(value: unknown, place: string): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return `${value}`;
  return escapeHtml(toText(value, place));
}

/** Returns a value as a string that is not escaped. Null and undefined are errors, at this file and line. */
export function toText(value: unknown, place: string): string {
  return String(requireValue(value, place));
}

/** Returns the value, unless it is null or undefined, which is an error at this file and line. */
export function requireValue(value: unknown, place: string): unknown {
  if (value === null || value === undefined) {
    throw new Error(`${place}: The template uses a value that is ${value}.`);
  }
  return value;
}

/** Returns the list of a loop. A value that is false, null or undefined is an empty list. */
export function toList(value: unknown, place: string): unknown[] {
  if (Array.isArray(value)) return value;
  if (value) throw new Error(`${place}: The template loops over a value that is not an array.`);
  return [];
}

/** Returns a function of the context. */
export function requireFunction(value: unknown, place: string): (...args: unknown[]) => unknown {
  if (typeof value === 'function') return value as () => unknown;
  throw new Error(`${place}: The template calls a value that is not a function.`);
}
