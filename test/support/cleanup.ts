import { afterAll } from 'vitest';
import type { AtEnd } from './at-end.ts';

/**
 * Returns a function that registers cleanup for the end of this file, or of this `describe`. Call `useCleanup` where
 * tests are declared: vitest ignores an `afterAll` that is called inside of a hook or a test.
 *
 * Register each cleanup next to what it cleans up, so that it runs when a later step of the set-up fails. Cleanups run in
 * reverse order, all of them, also when one fails.
 */
export function useCleanup(): AtEnd {
  const cleanups = new AsyncDisposableStack();
  afterAll(() => cleanups.disposeAsync());
  return (cleanUp) => cleanups.defer(cleanUp);
}
