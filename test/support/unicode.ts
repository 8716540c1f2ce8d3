import { onTestFinished, vi } from 'vitest';

/** Returns the texts on which `normalize` is called until the end of the test. */
export function spyOnNormalize(): string[] {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  onTestFinished(() => normalize.mockRestore());
  return normalize.mock.contexts as unknown as string[];
}

/** Returns all code points of Unicode, each as a string. */
export function codePoints(): string[] {
  return Array.from({ length: 0x110000 }, (_, codePoint) => String.fromCodePoint(codePoint));
}
