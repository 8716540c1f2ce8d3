import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../errors/error-message.ts';
import type { EndingRun } from '../run/active-run.ts';

/**
 * Tries to put something in order that the instance's end puts in order anyway: that it cannot be done, or not in
 * time, is said and keeps nothing else from being undone.
 * @returns whether it could
 * @param problem what that means: `MySQL could not be stopped in order`
 */
export async function bestEffort(
  { timing, log }: EndingRun,
  problem: string,
  action: () => Promise<void>,
): Promise<boolean> {
  const patience = new AbortController();
  const late = async () => {
    await sleep(timing.bestEffortTimeoutMs, undefined, { signal: patience.signal });
    throw new Error(`it took more than ${Math.round(timing.bestEffortTimeoutMs / 1000)} s`);
  };
  try {
    await Promise.race([action(), late()]);
    return true;
  } catch (error) {
    log(`${problem}: ${errorMessage(error)}`);
    return false;
  } finally {
    patience.abort();
  }
}
