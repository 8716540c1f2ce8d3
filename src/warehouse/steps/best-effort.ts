import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../errors/error-message.ts';
import type { EndingRun } from '../run/active-run.ts';

/**
 * Tries a cleanup action that the end of the instance makes unnecessary. A failure or a timeout is logged, and not
 * thrown.
 * @param problem the consequence of a failure: `MySQL could not be stopped cleanly`
 * @returns whether the action succeeded
 */
export async function bestEffort(
  { timing, log }: EndingRun,
  problem: string,
  action: () => Promise<void>,
): Promise<boolean> {
  const ended = new AbortController();
  const timeOut = async () => {
    await sleep(timing.bestEffortTimeoutMs, undefined, { signal: ended.signal });
    throw new Error(`it took more than ${Math.round(timing.bestEffortTimeoutMs / 1000)} s`);
  };
  try {
    await Promise.race([action(), timeOut()]);
    return true;
  } catch (error) {
    log(`${problem}: ${errorMessage(error)}`);
    return false;
  } finally {
    ended.abort();
  }
}
