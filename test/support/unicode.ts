import { onTestFinished, vi } from 'vitest';

/** Returns the texts that are normalized from now on until the end of the test. */
export function spyOnNormalize(): string[] {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  onTestFinished(() => normalize.mockRestore());
  return normalize.mock.contexts as unknown as string[];
}

/** Returns all of Unicode's code points, each as a text. */
export function codePoints(): string[] {
  return Array.from({ length: 0x110000 }, (_, codePoint) => String.fromCodePoint(codePoint));
}
