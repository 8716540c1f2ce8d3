import { setTimeout as sleep } from 'node:timers/promises';

/** Is told how many rows were read, and resolves when more may be. */
export type Pace = (rows: number) => Promise<unknown>;

/** The time in milliseconds, and how to let it pass. */
export interface Clock {
  now: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

const REAL_CLOCK: Clock = { now: () => performance.now(), sleep };

/** Keeps the rows that are read to so many a second, from the first on; with null, to as many as there are. */
export function createPace(maxRowsPerSecond: number | null, clock = REAL_CLOCK): Pace {
  if (maxRowsPerSecond === null) return () => Promise.resolve();
  const startedAtMs = clock.now();
  let read = 0;
  return (rows) => {
    read += rows;
    const dueMs = startedAtMs + (read / maxRowsPerSecond) * 1000;
    return clock.sleep(Math.max(0, dueMs - clock.now()));
  };
}
