import { afterAll } from 'vitest';

/** Registers what is done at the end of a test, or of a file. */
export type AtEnd = (act: () => void | Promise<void>) => void;

/**
 * Returns a function that registers cleanup for the end of this file, or of this `describe`. Call it where tests are
 * declared: vitest ignores an `afterAll` inside a hook or a test. All cleanups run, the last first, also when the set-up
 * has failed half-way or another cleanup fails, so register each as soon as there is something to clean up.
 */
export function atEndOfFile(): AtEnd {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync());
  return (act) => stack.defer(act);
}
