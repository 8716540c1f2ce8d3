import { setTimeout as sleep } from 'node:timers/promises';
import { HANG_MS } from './timeouts.ts';

const POLL_EVERY_MS = 20;

/**
 * Polls until a condition is true. Returns the waiting time in milliseconds.
 * @param what names the condition in the error's message
 * @throws Error if the condition does not become true within HANG_MS
 */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > HANG_MS) {
      throw new Error(`This did not happen within ${HANG_MS / 1000} s: ${what}.`);
    }
    await sleep(POLL_EVERY_MS);
  }
  return performance.now() - startedAt;
}
