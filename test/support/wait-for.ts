import { setTimeout as sleep } from 'node:timers/promises';
import { HANG_MS } from './timeouts.ts';

const POLL_EVERY_MS = 20;

/**
 * Polls until a condition is true, and returns how long that took, in milliseconds.
 * @param what names the condition in the error's message
 * @throws Error if it does not become true in time
 */
export async function waitFor(
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > HANG_MS) {
      throw new Error(`Not within ${HANG_MS / 1000} s: ${what}`);
    }
    await sleep(POLL_EVERY_MS);
  }
  return performance.now() - startedAt;
}
