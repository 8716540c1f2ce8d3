import { afterAll } from 'vitest';

/** Registers a cleanup. Cleanups run in reverse order of their registration. */
export type Defer = (cleanup: () => void | Promise<void>) => void;

// The stacks whose `afterAll` has not run. Between two files it is empty, unless a hook or a test called `useCleanup`.
const pending = new Set<AsyncDisposableStack>();

/**
 * Returns a function that registers cleanups for the end of this file, or of this `describe`. Call `useCleanup` where
 * tests are declared: vitest ignores an `afterAll` inside a hook or a test. All cleanups run, also after a failed
 * hook or another failed cleanup, so register each one as soon as its resource exists.
 */
export function useCleanup(): Defer {
  const stack = new AsyncDisposableStack();
  pending.add(stack);
  afterAll(async () => {
    pending.delete(stack);
    await stack.disposeAsync();
  });
  return (cleanup) => stack.defer(cleanup);
}

/** Throws if a cleanup of this file has not run. Call it after all other hooks, at the end of the file. */
export function assertCleanedUp(): void {
  const count = pending.size;
  pending.clear();
  if (count > 0)
    throw new Error(
      `useCleanup() was called inside a hook or a test ${count} times. Call it where tests are declared.`,
    );
}
