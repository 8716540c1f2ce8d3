import { afterAll } from 'vitest';

/** Registers what is done at the end of a test, or of a file. */
export type AtEnd = (act: () => void | Promise<void>) => void;

/**
 * Gives a function that registers clean-up for the end of the file. All of it runs, the last first, also when the
 * file's set-up has failed half-way: so register each as soon as there is something to clean up.
 */
export function atEndOfFile(): AtEnd {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync());
  return (act) => stack.defer(act);
}
