import { setTimeout as sleep } from 'node:timers/promises';

/** Is told how many rows were read, and resolves when more may be. */
export type Throttle = (rows: number) => Promise<void>;

/** The time in milliseconds, and how to let it pass. */
export interface Clock {
  now: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/**
 * Keeps the rows that are read to so many a second; with null, to as many as there are. Time in which nobody wanted
 * to read is not made up for later. When the signal is aborted, nobody waits any more: it rejects.
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
