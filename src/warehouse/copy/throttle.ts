import { setTimeout as sleep } from 'node:timers/promises';

/** Takes the number of rows that were read, and resolves when further rows may be read. */
export type Throttle = (rows: number) => Promise<void>;

/** A clock in milliseconds, which tests can replace. */
export interface Clock {
  now: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/**
 * Limits the rows that are read in a second. With null, there is no limit. Pauses of the reader do not allow a higher
 * rate later. The throttle rejects when the signal is aborted.
 */
export function createThrottle(
  maxRowsPerSecond: number | null,
  signal: AbortSignal,
  clock: Clock = {
    now: () => performance.now(),
    sleep: (ms) => sleep(ms, undefined, { signal }),
  },
): Throttle {
  if (maxRowsPerSecond === null) return () => Promise.resolve();
  let dueMs = 0;
  let resumedAtMs = clock.now();
  return async (rows) => {
    dueMs = Math.max(dueMs, resumedAtMs) + (rows / maxRowsPerSecond) * 1000;
    await clock.sleep(Math.max(0, dueMs - clock.now()));
    resumedAtMs = clock.now();
  };
}
