import { afterAll } from 'vitest';

/** Registers what is done at the end of a test, or of a file. */
export type AtEnd = (act: () => void | Promise<void>) => void;

// Cleanups whose end has not come. Empty between two files, unless a hook or a test called `atEndOfFile`.
const waiting = new Set<AsyncDisposableStack>();

/**
 * Returns a function that registers cleanup for the end of this file, or of this `describe`. Call it where tests are
 * declared: vitest ignores an `afterAll` inside a hook or a test. All cleanups run, the last first, also when the set-up
 * has failed half-way or another cleanup fails, so register each as soon as there is something to clean up.
 */
export function atEndOfFile(): AtEnd {
  const stack = new AsyncDisposableStack();
  waiting.add(stack);
  afterAll(async () => {
    waiting.delete(stack);
    await stack.disposeAsync();
  });
  return (act) => stack.defer(act);
}

/** Throws if a cleanup of this file has not run. Call it after all others, at the end of the file. */
export function assertAllEnded(): void {
  const count = waiting.size;
  waiting.clear();
  if (count > 0)
    throw new Error(
      `atEndOfFile() was called inside a hook or a test ${count} times. Call it where tests are declared.`,
    );
}
