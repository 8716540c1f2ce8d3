import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 20;
const WAIT_MAX_MS = 60_000;

/** Waits for a condition; gives how long that took, in milliseconds. Fails when it does not come. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > WAIT_MAX_MS) throw new Error(`It did not come: ${what}`);
    await sleep(PAUSE_MS);
  }
  return performance.now() - startedAt;
}
